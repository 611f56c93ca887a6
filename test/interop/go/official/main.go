// Hands a token to Agora's own Go code, github.com/AgoraIO/Tools. Only this check holds the App Certificate:
// a caller of agora-tokend never does.
package main

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/AgoraIO/Tools/DynamicKey/AgoraDynamicKey/go/src/accesstoken2"
)

func main() {
	var quickstart struct{ Renewed string }
	check(json.NewDecoder(os.Stdin).Decode(&quickstart))
	token := quickstart.Renewed
	certificate := os.Getenv("AGORA_APP_CERTIFICATE")

	parsed := accesstoken2.CreateAccessToken()
	if ok, err := parsed.Parse(token); !ok {
		log.Fatalf("Agora's parser refuses the token: %v", err)
	}
	rtc := parsed.Services[accesstoken2.ServiceTypeRtc].(*accesstoken2.ServiceRtc)

	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"parser": "AgoraIO/Tools accesstoken2", "app_id": parsed.AppId, "ttl": parsed.Expire,
		"channel": rtc.ChannelName, "uid": rtc.Uid, "privileges": rtc.Privileges,
		"verified": signs(parsed, certificate, token), "forged": signs(parsed, reversed(certificate), token),
	})
}

// signs tells whether Agora's builder, given what its parser read, makes the same token again, signature included.
// The package has no function that verifies. Two zlibs may pack the same bytes differently, so the contents are compared.
func signs(parsed *accesstoken2.AccessToken, certificate, token string) bool {
	parsed.AppCert = certificate
	rebuilt, err := parsed.Build()
	check(err)
	return bytes.Equal(contents(rebuilt), contents(token))
}

func contents(token string) []byte {
	packed, err := base64.StdEncoding.DecodeString(token[len("007"):])
	check(err)
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	check(err)
	content, err := io.ReadAll(reader)
	check(err)
	return content
}

func reversed(text string) string {
	letters := []byte(text)
	for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
		letters[i], letters[j] = letters[j], letters[i]
	}
	return string(letters)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
