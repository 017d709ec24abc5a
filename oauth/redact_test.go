package oauth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/oauth"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	const s = "hush"
	for _, v := range []any{
		oauth.TokenRequest{
			GrantType: "x", ClientID: "app", ClientSecret: s, Code: s, CodeVerifier: s, RefreshToken: s, Password: s,
			Extra: url.Values{"assertion": {s}},
		},
		&oauth.TokenRequest{ClientID: "app", ClientSecret: s},
		oauth.TokenResponse{AccessToken: s, RefreshToken: s, Scope: "app"},
		&oauth.TokenResponse{AccessToken: s, Scope: "app"},
		[]oauth.TokenResponse{{AccessToken: s, Scope: "app"}},
		map[string]oauth.TokenResponse{"app": {AccessToken: s}},
		struct{ T *oauth.TokenResponse }{&oauth.TokenResponse{AccessToken: s, Scope: "app"}}.T,
		oauth.AuthorizeResponse{Code: s, State: s, Error: "app"},
		oauth.ImplicitResponse{AccessToken: s, State: s, Scope: "app"},
		oauth.TokenRef{Token: s, TypeHint: "app"},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", slog.Group("g", "v", v))
		if text := out.String(); strings.Contains(text, s) || strings.Contains(text, fmt.Sprintf("%x", s)) || !strings.Contains(text, "app") {
			t.Errorf("%T prints:\n%s", v, text)
		}
	}
}
