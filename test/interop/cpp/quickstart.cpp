// A team's backend in C++ that gets its tokens from agora-tokend: build, renew, inspect, and what an error says.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "agora/token/v1/token.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

using namespace agora::token::v1;

// Asks for one hour in a channel, as someone who may publish.
BuildTokenRequest TokenFor(const std::string& channel, uint32_t uid) {
  BuildTokenRequest request;
  request.set_project("demo");
  request.mutable_ttl()->set_seconds(3600);
  RtcGrant* rtc = request.add_grants()->mutable_rtc();
  rtc->set_channel_name(channel);
  rtc->set_uid(uid);
  rtc->set_role(RTC_ROLE_PUBLISHER);
  return request;
}

// A context serves one call. The deadline travels to the server, which then does no work that nobody waits for.
std::unique_ptr<grpc::ClientContext> Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  return context;
}

struct Wrong {
  std::string reason, field;
};

// Reads grpc-status-details-bin: the message is for people, this is for programs.
Wrong WhatIsWrong(const grpc::Status& status) {
  Wrong wrong;
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info)) wrong.reason = info.reason();
    if (detail.UnpackTo(&bad)) wrong.field = bad.field_violations(0).field();
  }
  return wrong;
}

void Check(const grpc::Status& status) {
  if (status.ok()) return;
  const Wrong wrong = WhatIsWrong(status);
  std::cerr << status.error_message() << " " << wrong.reason << " " << wrong.field << "\n";
  std::exit(1);
}

int main(int, char** argv) {
  // Plaintext is for this machine alone. Elsewhere: grpc::SslCredentials.
  auto tokens = TokenService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));

  BuildTokenResponse built;
  Check(tokens->BuildToken(Context().get(), TokenFor("room-1", 42), &built));

  RenewTokenRequest renewal;
  renewal.set_project("demo");
  renewal.set_token(built.issued_token().token());
  renewal.mutable_ttl()->set_seconds(7200);
  RenewTokenResponse renewed;
  Check(tokens->RenewToken(Context().get(), renewal, &renewed));

  // With expected_grant, the server says what the token does not cover, too.
  InspectTokenRequest question;
  question.set_token(renewed.issued_token().token());
  *question.mutable_expected_grant() = TokenFor("room-1", 42).grants(0);
  InspectTokenResponse inspected;
  Check(tokens->InspectToken(Context().get(), question, &inspected));
  const RtcGrant& grant = inspected.token_info().grants(0).grant().rtc();

  BuildTokenResponse none;
  const grpc::Status refusal = tokens->BuildToken(Context().get(), TokenFor("room/1", 42), &none);
  const Wrong wrong = WhatIsWrong(refusal);

  // No value here holds a character that JSON would escape.
  std::cout << R"({"runtime": "g++ )" << __VERSION__ << ", gRPC " << grpc::Version() << R"(", "calls": 4)"
            << R"(, "app_id": ")" << built.issued_token().app_id() << R"(", "token": ")" << renewal.token()
            << R"(", "renewed": ")" << question.token() << R"(", "verdict": ")" << Verdict_Name(inspected.verdict())
            << R"(", "channel": ")" << grant.channel_name() << R"(", "uid": )" << grant.uid() << R"(, "status": ")"
            << (refusal.error_code() == grpc::StatusCode::INVALID_ARGUMENT ? "INVALID_ARGUMENT" : "another")
            << R"(", "reason": ")" << wrong.reason << R"(", "field": ")" << wrong.field << "\"}\n";
}
