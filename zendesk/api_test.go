package zendesk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

func at(t *testing.T, s string) *zendesk.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return zendesk.TimeOf(when)
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(data)
}

// both holds a value to its golden JSON in both directions.
func both[T any](t *testing.T, name string, value T) {
	t.Helper()
	want := golden(t, name)
	got, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
	var back T
	if err := json.Unmarshal(want, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(again, want) {
		t.Errorf("%s came back as %s, %v", name, again, err)
	}
}

func admin(t *testing.T) zendesk.User {
	return zendesk.User{
		ID: ptr[int64](29), URL: ptr("https://acme.zendesk.com/api/v2/users/29.json"), Name: "Ada Admin", Email: ptr("admin@acme.example"),
		CreatedAt: at(t, "2009-05-13T00:07:08Z"), UpdatedAt: at(t, "2011-07-22T00:11:12Z"),
		TimeZone: ptr("Berlin"), IANATimeZone: ptr("Europe/Berlin"), LocaleID: ptr[int64](1), Locale: ptr("en-US"),
		Role: "admin", Verified: true, AuthenticityToken: ptr("x1"), Tags: []string{}, Active: true,
		LastLoginAt: at(t, "2026-11-22T11:00:00+01:00"), TwoFactorAuthEnabled: ptr(false), RoleType: ptr[int64](4),
		Moderator: true, DefaultGroupID: ptr[int64](7), ReportCSV: true, UserFields: map[string]any{},
	}
}

func TestGolden(t *testing.T) {
	both(t, "user_admin.json", zendesk.UserEnvelope{User: admin(t)})
	both(t, "user_anonymous.json", zendesk.UserEnvelope{User: zendesk.AnonymousUser()})
	both(t, "token_created.json", zendesk.OAuthTokenEnvelope{Token: zendesk.OAuthToken{
		URL: "https://acme.zendesk.com/api/v2/oauth/tokens/5.json", ID: 5, UserID: 29, ClientID: 223443,
		Token: "52d7ef4ee0", FullToken: "52d7ef4ee01234567890", CreatedAt: at(t, "2009-05-13T00:07:08.9Z"), Scopes: []string{"tickets:read"},
	}})
	both(t, "token_current.json", zendesk.OAuthTokenEnvelope{Token: zendesk.OAuthToken{
		URL: "https://acme.zendesk.com/api/v2/oauth/tokens/5.json", ID: 5, UserID: 29, ClientID: 223443,
		Token: "af3345kdj3", RefreshToken: ptr("af3t24tfj34h43s..."), CreatedAt: at(t, "2009-05-13T00:07:08Z"),
		UsedAt: at(t, "2010-01-22T00:11:12Z"), ExpiresAt: at(t, "2026-11-22T10:30:00Z"),
		RefreshTokenExpiresAt: at(t, "2026-12-22T10:00:00Z"), Scopes: []string{"read", "write"},
	}})
	both(t, "client.json", zendesk.ClientEnvelope{Client: zendesk.Client{
		ID: 223443, Identifier: "test_client", Name: "Test Client", Company: ptr("Acme"), Kind: zendesk.Confidential,
		RedirectURI: []string{"https://example.com/callback"}, Secret: "af3t24tfj", UserID: ptr[int64](29),
		URL:       "https://acme.zendesk.com/api/v2/oauth/clients/223443.json",
		CreatedAt: at(t, "2009-05-13T00:07:08Z"), UpdatedAt: at(t, "2011-07-22T00:11:12Z"),
	}})
}

func TestTimeOfNothing(t *testing.T) {
	if zendesk.TimeOf(time.Time{}) != nil {
		t.Error("the zero time is a moment")
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	const s = "hush"
	for _, v := range []any{
		zendesk.OAuthToken{ID: 7, Token: s, FullToken: s, RefreshToken: ptr(s)},
		&zendesk.OAuthTokenEnvelope{Token: zendesk.OAuthToken{ID: 7, FullToken: s}},
		zendesk.Client{ID: 7, Secret: s},
		zendesk.APIToken{ID: 7, Token: s, FullToken: s},
		zendesk.Upload{Token: s, Attachment: zendesk.Attachment{ID: 7}},
	} {
		var out bytes.Buffer
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		if text := out.String(); strings.Contains(text, s) || strings.Contains(text, fmt.Sprintf("%x", s)) || !strings.Contains(text, "7") {
			t.Errorf("%T prints:\n%s", v, text)
		}
	}
}
