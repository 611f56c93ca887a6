// A team's backend in Go that gets its tokens from agora-tokend: build, renew, inspect, and what an error says.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"runtime"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "agora.example/quickstart/build/tokenv1"
)

func main() {
	// Plaintext is for this machine alone. Elsewhere: credentials.NewTLS.
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer connection.Close()
	tokens := pb.NewTokenServiceClient(connection)
	// The deadline travels to the server, which then does no work that nobody waits for.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	built, err := tokens.BuildToken(ctx, tokenFor("room-1", 42))
	check(err)
	token := built.IssuedToken.Token

	renewed, err := tokens.RenewToken(ctx, &pb.RenewTokenRequest{
		Project:    "demo",
		Token:      token,
		Expiration: &pb.RenewTokenRequest_Ttl{Ttl: durationpb.New(2 * time.Hour)},
	})
	check(err)

	// With expected_grant, the server says what the token does not cover, too.
	inspected, err := tokens.InspectToken(ctx, &pb.InspectTokenRequest{
		Token:         renewed.IssuedToken.Token,
		ExpectedGrant: tokenFor("room-1", 42).Grants[0],
	})
	check(err)
	grant := inspected.TokenInfo.Grants[0].Grant.GetRtc()

	_, refusal := tokens.BuildToken(ctx, tokenFor("room/1", 42))
	reason, field := whatIsWrong(refusal)

	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"runtime": runtime.Version(), "calls": 4,
		"app_id": built.IssuedToken.AppId, "token": token, "renewed": renewed.IssuedToken.Token,
		"verdict": inspected.Verdict.String(), "channel": grant.ChannelName, "uid": grant.Uid,
		"status": status.Code(refusal).String(), "reason": reason, "field": field,
	})
}

// tokenFor asks for one hour in a channel, as someone who may publish.
func tokenFor(channel string, uid uint32) *pb.BuildTokenRequest {
	rtc := &pb.RtcGrant{ChannelName: channel, Uid: uid, Role: pb.RtcRole_RTC_ROLE_PUBLISHER}
	return &pb.BuildTokenRequest{
		Project:    "demo",
		Expiration: &pb.BuildTokenRequest_Ttl{Ttl: durationpb.New(time.Hour)},
		Grants:     []*pb.Grant{{Service: &pb.Grant_Rtc{Rtc: rtc}}},
	}
}

// whatIsWrong reads grpc-status-details-bin: the message is for people, this is for programs.
func whatIsWrong(err error) (reason, field string) {
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = detail.Reason
		case *errdetails.BadRequest:
			field = detail.FieldViolations[0].Field
		}
	}
	return reason, field
}

func check(err error) {
	if err != nil {
		reason, field := whatIsWrong(err)
		log.Fatalln(err, reason, field)
	}
}
