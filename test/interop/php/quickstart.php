<?php

// A team's backend in PHP that gets its tokens from agora-tokend: build, renew, inspect, and what an error says.

declare(strict_types=1);

use Agora\Token\V1\BuildTokenRequest;
use Agora\Token\V1\Grant;
use Agora\Token\V1\InspectTokenRequest;
use Agora\Token\V1\RenewTokenRequest;
use Agora\Token\V1\RtcGrant;
use Agora\Token\V1\RtcRole;
use Agora\Token\V1\TokenServiceClient;
use Agora\Token\V1\Verdict;
use Google\Protobuf\Duration;
use Google\Rpc\BadRequest;
use Google\Rpc\ErrorInfo;
use Google\Rpc\Status;

// With Composer this is its autoloader: the stubs here, google/protobuf and grpc/grpc from their packages.
set_include_path(__DIR__ . '/build' . PATH_SEPARATOR . get_include_path());
spl_autoload_register(function (string $class): void {
    $file = stream_resolve_include_path(str_replace('\\', '/', $class) . '.php');
    if ($file !== false) {
        require_once $file;
    }
});

// The deadline travels to the server, which then does no work that nobody waits for.
const DEADLINE = ['timeout' => 10_000_000]; // microseconds

// Plaintext is for this machine alone. Elsewhere: Grpc\ChannelCredentials::createSsl().
$tokens = new TokenServiceClient($argv[1], ['credentials' => Grpc\ChannelCredentials::createInsecure()]);

$built = answerOf($tokens->BuildToken(tokenFor('room-1', 42), [], DEADLINE))->getIssuedToken();

$renewal = new RenewTokenRequest(['project' => 'demo', 'token' => $built->getToken(), 'ttl' => seconds(7200)]);
$renewed = answerOf($tokens->RenewToken($renewal, [], DEADLINE))->getIssuedToken();

// With expected_grant, the server says what the token does not cover, too.
$question = new InspectTokenRequest([
    'token' => $renewed->getToken(),
    'expected_grant' => tokenFor('room-1', 42)->getGrants()[0],
]);
$inspected = answerOf($tokens->InspectToken($question, [], DEADLINE));
$grant = $inspected->getTokenInfo()->getGrants()[0]->getGrant()->getRtc();

[, $refusal] = $tokens->BuildToken(tokenFor('room/1', 42), [], DEADLINE)->wait();
[$reason, $field] = whatIsWrong($refusal);

$answer = [
    'runtime' => 'PHP ' . PHP_VERSION, 'calls' => 4,
    'app_id' => $built->getAppId(), 'token' => $built->getToken(), 'renewed' => $renewed->getToken(),
    'verdict' => Verdict::name($inspected->getVerdict()), 'channel' => $grant->getChannelName(), 'uid' => $grant->getUid(),
    'status' => $refusal->code === Grpc\STATUS_INVALID_ARGUMENT ? 'INVALID_ARGUMENT' : $refusal->code,
    'reason' => $reason, 'field' => $field,
];
echo json_encode($answer, JSON_UNESCAPED_SLASHES), "\n";

/** Asks for one hour in a channel, as someone who may publish. */
function tokenFor(string $channel, int $uid): BuildTokenRequest
{
    $rtc = new RtcGrant(['channel_name' => $channel, 'uid' => $uid, 'role' => RtcRole::RTC_ROLE_PUBLISHER]);
    return new BuildTokenRequest([
        'project' => 'demo', 'ttl' => seconds(3600), 'grants' => [new Grant(['rtc' => $rtc])],
    ]);
}

function seconds(int $seconds): Duration
{
    return new Duration(['seconds' => $seconds]);
}

/** The extension answers with a status where other languages throw. */
function answerOf(Grpc\UnaryCall $call): object
{
    [$response, $status] = $call->wait();
    if ($status->code !== Grpc\STATUS_OK) {
        throw new RuntimeException("$status->details: " . implode(' ', whatIsWrong($status)), $status->code);
    }
    return $response;
}

/** Reads grpc-status-details-bin: the message is for people, this is for programs. */
function whatIsWrong(object $status): array
{
    $reason = $field = '';
    $details = new Status();
    $details->mergeFromString($status->metadata['grpc-status-details-bin'][0] ?? '');
    // Any knows only the types of files that were loaded.
    GPBMetadata\Google\Rpc\ErrorDetails::initOnce();
    foreach ($details->getDetails() as $detail) {
        if ($detail->is(ErrorInfo::class)) {
            $reason = $detail->unpack()->getReason();
        }
        if ($detail->is(BadRequest::class)) {
            $field = $detail->unpack()->getFieldViolations()[0]->getField();
        }
    }
    return [$reason, $field];
}
