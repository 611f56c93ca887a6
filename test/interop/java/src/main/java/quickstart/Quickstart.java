package quickstart;

import agora.token.v1.Token.BuildTokenRequest;
import agora.token.v1.Token.Grant;
import agora.token.v1.Token.InspectTokenRequest;
import agora.token.v1.Token.RenewTokenRequest;
import agora.token.v1.Token.RtcGrant;
import agora.token.v1.Token.RtcRole;
import agora.token.v1.TokenServiceGrpc;
import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.concurrent.TimeUnit;

/** A team's backend in Java that gets its tokens from agora-tokend: build, renew, inspect, and what an error says. */
public final class Quickstart {
  public static void main(String[] args) throws Exception {
    // Plaintext is for this machine alone. Elsewhere: TlsChannelCredentials.
    ManagedChannel channel = Grpc.newChannelBuilder(args[0], InsecureChannelCredentials.create()).build();
    // The deadline travels to the server, which then does no work that nobody waits for. It counts from here.
    var tokens = TokenServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);

    var built = tokens.buildToken(tokenFor("room-1", 42)).getIssuedToken();

    var renewed = tokens.renewToken(RenewTokenRequest.newBuilder()
        .setProject("demo").setToken(built.getToken()).setTtl(seconds(7200)).build()).getIssuedToken();

    // With expected_grant, the server says what the token does not cover, too.
    var inspected = tokens.inspectToken(InspectTokenRequest.newBuilder()
        .setToken(renewed.getToken()).setExpectedGrant(tokenFor("room-1", 42).getGrants(0)).build());
    var grant = inspected.getTokenInfo().getGrants(0).getGrant().getRtc();

    var refusal = refusalOf(() -> tokens.buildToken(tokenFor("room/1", 42)));
    var wrong = whatIsWrong(refusal);

    // No value here holds a character that JSON would escape.
    System.out.printf("{\"runtime\": \"Java %s\", \"calls\": 4, \"app_id\": \"%s\", \"token\": \"%s\", \"renewed\": \"%s\","
            + " \"verdict\": \"%s\", \"channel\": \"%s\", \"uid\": %d, \"status\": \"%s\", \"reason\": \"%s\", \"field\": \"%s\"}%n",
        Runtime.version(), built.getAppId(), built.getToken(), renewed.getToken(), inspected.getVerdict(),
        grant.getChannelName(), grant.getUid(), refusal.getStatus().getCode(), wrong.reason, wrong.field);
    channel.shutdown().awaitTermination(5, TimeUnit.SECONDS);
  }

  /** Asks for one hour in a channel, as someone who may publish. */
  private static BuildTokenRequest tokenFor(String channel, int uid) {
    var rtc = RtcGrant.newBuilder().setChannelName(channel).setUid(uid).setRole(RtcRole.RTC_ROLE_PUBLISHER);
    return BuildTokenRequest.newBuilder()
        .setProject("demo").setTtl(seconds(3600)).addGrants(Grant.newBuilder().setRtc(rtc)).build();
  }

  private static Duration seconds(long seconds) {
    return Duration.newBuilder().setSeconds(seconds).build();
  }

  private static StatusRuntimeException refusalOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException refusal) {
      return refusal;
    }
    throw new IllegalStateException("a channel name that Agora does not allow was accepted");
  }

  private record Wrong(String reason, String field) {}

  /** Reads grpc-status-details-bin: the message is for people, this is for programs. */
  private static Wrong whatIsWrong(StatusRuntimeException refusal) throws InvalidProtocolBufferException {
    String reason = "";
    String field = "";
    for (Any detail : StatusProto.fromThrowable(refusal).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) reason = detail.unpack(ErrorInfo.class).getReason();
      if (detail.is(BadRequest.class)) field = detail.unpack(BadRequest.class).getFieldViolations(0).getField();
    }
    return new Wrong(reason, field);
  }
}
