package quickstart;

import io.agora.media.AccessToken2;
import io.agora.media.Utils;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * Hands a token to Agora's own Java code, io.agora:authentication. Only this check holds the App Certificate: a caller of
 * agora-tokend never does.
 */
public final class Official {
  public static void main(String[] args) throws Exception {
    var quickstart = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    var renewed = Pattern.compile("\"renewed\": *\"([^\"]+)\"").matcher(quickstart);
    if (!renewed.find()) throw new IllegalArgumentException("the input is not what Quickstart prints");
    String token = renewed.group(1);
    String certificate = System.getenv("AGORA_APP_CERTIFICATE");

    var parsed = new AccessToken2();
    if (!parsed.parse(token)) throw new IllegalArgumentException("Agora's parser refuses the token");
    var rtc = (AccessToken2.ServiceRtc) parsed.services.get(AccessToken2.SERVICE_TYPE_RTC);
    // {1=7200, 2=7200} to {"1": 7200, "2": 7200}
    String privileges = rtc.privileges.toString().replaceAll("(\\d+)=", "\"$1\": ");

    System.out.printf("{\"parser\": \"io.agora:authentication AccessToken2\", \"app_id\": \"%s\", \"ttl\": %d, \"channel\": \"%s\","
            + " \"uid\": \"%s\", \"privileges\": %s, \"verified\": %b, \"forged\": %b}%n",
        parsed.appId, parsed.expire, rtc.channelName, rtc.uid, privileges,
        signs(parsed, certificate, token), signs(parsed, new StringBuilder(certificate).reverse().toString(), token));
  }

  /**
   * Whether Agora's builder, given what its parser read, makes the same token again, signature included. The package has no
   * method that verifies. Two zlibs may pack the same bytes differently, so the contents are compared.
   */
  private static boolean signs(AccessToken2 parsed, String certificate, String token) throws Exception {
    parsed.appCert = certificate;
    return Arrays.equals(contents(parsed.build()), contents(token));
  }

  private static byte[] contents(String token) {
    return Utils.decompress(Utils.base64Decode(token.substring(AccessToken2.getVersion().length())));
  }
}
