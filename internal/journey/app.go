package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

// App is an OAuth client of an account, as a stranger would write one: by hand,
// from Zendesk's documentation.
type App struct {
	T        testing.TB
	Issuer   string // root of the account, as http://acme.localhost:4000
	ID       string
	Secret   string
	Redirect string
}

// Answer is what the token endpoint answered.
type Answer struct {
	Status       int    `json:"-"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
}

// OK tells whether tokens were issued.
func (a Answer) OK() bool { return a.Status == http.StatusOK && a.AccessToken != "" }

// Refused tells whether the grant was refused, and nothing else.
func (a Answer) Refused() bool {
	return a.Status == http.StatusBadRequest && a.Error == "invalid_grant"
}

// String tells what was answered without the tokens.
func (a Answer) String() string { return fmt.Sprintf("status %d, error %q", a.Status, a.Error) }

// AuthorizeURL is where the app sends a browser.
func (a App) AuthorizeURL(state string) string {
	return a.Issuer + "/oauth/authorizations/new?" + url.Values{
		"response_type": {"code"}, "client_id": {a.ID}, "redirect_uri": {a.Redirect}, "scope": {"read"}, "state": {state},
	}.Encode()
}

// Code has a person allow the app, and returns the code.
func (a App) Code(ctx context.Context, b *Browser, who Person) (string, error) {
	state := "state-" + strings.ToLower(randomText())
	testlog.Issued(a.T, state)
	b.Halt = a.Redirect
	p, err := b.Get(ctx, a.AuthorizeURL(state))
	if err == nil {
		p, err = b.SignIn(ctx, p, who, "allow")
	}
	testlog.Issued(a.T, b.Cookies(a.Issuer)...)
	if err != nil {
		return "", err
	}
	back, err := url.Parse(p.Location)
	if err != nil || p.Location == "" {
		return "", &WrongPage{"the sign-in did not lead back to the app", p}
	}
	if back.Query().Get("state") != state {
		return "", &WrongPage{"state did not come back as it was", p}
	}
	code := back.Query().Get("code")
	if code == "" {
		return "", &WrongPage{"no code, but the error " + back.Query().Get("error"), p}
	}
	testlog.Issued(a.T, code)
	return code, nil
}

// Exchange trades a code for tokens.
func (a App) Exchange(ctx context.Context, code string) (Answer, error) {
	return a.token(ctx, map[string]string{"grant_type": "authorization_code", "code": code, "redirect_uri": a.Redirect, "scope": "read"})
}

// Refresh trades a refresh token for the next pair.
func (a App) Refresh(ctx context.Context, refresh string) (Answer, error) {
	return a.token(ctx, map[string]string{"grant_type": "refresh_token", "refresh_token": refresh})
}

// Revoke ends a token (RFC 7009).
func (a App) Revoke(ctx context.Context, token string) error {
	form := url.Values{"client_id": {a.ID}, "client_secret": {a.Secret}, "token": {token}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Issuer+"/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, err := roundTrip(req)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("a revocation was answered %d", status)
	}
	return err
}

// At is the app, talking to another replica of its issuer.
func (a App) At(issuer string) App {
	a.Issuer = issuer
	return a
}

func (a App) token(ctx context.Context, params map[string]string) (Answer, error) {
	params["client_id"], params["client_secret"] = a.ID, a.Secret
	body, err := json.Marshal(params)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Issuer+"/oauth/tokens", strings.NewReader(string(body)))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	status, text, err := roundTrip(req)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: status}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, fmt.Errorf("status %d and no JSON: %w", status, err)
	}
	testlog.Issued(a.T, answer.AccessToken, answer.RefreshToken)
	return answer, nil
}

// Me asks whose token this is: the status, and the email where it is 200.
func (a App) Me(ctx context.Context, access string) (status int, email string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Issuer+"/api/v2/users/me.json", nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+access)
	status, text, err := roundTrip(req)
	if err != nil {
		return 0, "", err
	}
	var me struct {
		User struct {
			Email string `json:"email"`
		} `json:"user"`
	}
	_ = json.Unmarshal(text, &me) // an error's body is another
	return status, me.User.Email, nil
}

func roundTrip(req *http.Request) (status int, body []byte, err error) {
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}
