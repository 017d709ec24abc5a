package oauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// A client sends a browser to the authorization server, and keeps the verifier.
func ExampleAuthorizeRequest() {
	verifier := oauth.NewVerifier(nil)
	request := oauth.AuthorizeRequest{
		ResponseType: oauth.ResponseCode, ClientID: "reports", RedirectURI: "https://reports.example/callback", HasRedirectURI: true,
		Scope: oauth.Scope{"read", "write"}.String(), State: "a-state",
		CodeChallenge: oauth.S256(verifier), CodeChallengeMethod: oauth.MethodS256,
	}
	link := "https://acme.zendesk.com/oauth/authorizations/new?" + request.Encode().Encode()
	fmt.Println(len(link) > 0, oauth.ValidVerifier(verifier), oauth.ValidChallenge(request.CodeChallenge))
	// Output: true true true
}

// A server reads the same request. Nothing in it is verified yet.
func ExampleDecodeAuthorizeRequest() {
	query, _ := url.ParseQuery("response_type=code&client_id=reports&scope=read+write&prompt=login")
	request, wrong := oauth.DecodeAuthorizeRequest(query)
	kind := oauth.ResponseType(request.ResponseType)
	fmt.Println(kind, request.ClientID, oauth.ParseScope(request.Scope), request.HasRedirectURI, request.Extra, wrong)

	query.Add("client_id", "another")
	_, wrong = oauth.DecodeAuthorizeRequest(query)
	fmt.Println(wrong.Code, "-", wrong.Reason)
	// Output:
	// code reports read write false map[prompt:[login]] <nil>
	// invalid_request - "client_id" is repeated
}

// The answer comes through the browser. Printing it does not show the code.
func ExampleDecodeAuthorizeResponse() {
	answer := oauth.AuthorizeResponse{Code: "a-code", State: "a-state"}
	back := oauth.RedirectURL("https://reports.example/callback?from=zendesk", answer.Encode())
	fmt.Println(back)

	u, _ := url.Parse(back)
	got, wrong := oauth.DecodeAuthorizeResponse(u.Query())
	fmt.Println(got.State, got, wrong)
	// Output:
	// https://reports.example/callback?from=zendesk&code=a-code&state=a-state
	// a-state oauth.AuthorizeResponse{code:[secret] state:[secret]} <nil>
}

// The implicit grant answers in the fragment, which a browser sends to nobody.
func ExampleDecodeImplicitResponse() {
	answer := oauth.ImplicitResponse{AccessToken: "a-token", TokenType: "Bearer", State: "a-state"}
	back := oauth.FragmentURL("https://reports.example/callback", answer.Encode())

	_, fragment, _ := strings.Cut(back, "#")
	params, _ := url.ParseQuery(fragment)
	got, wrong := oauth.DecodeImplicitResponse(params)
	fmt.Println(got.TokenType, got.State, got, wrong)
	// Output: Bearer a-state oauth.ImplicitResponse{access_token:[secret] token_type:"Bearer" state:[secret]} <nil>
}

// One POST for a token, which nothing repeats.
func ExampleExchange() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"an-access-token","refresh_token":"a-refresh-token","expires_in":1800,"scope":"read"}`)
	}))
	defer server.Close()

	token, err := oauth.Exchange(context.Background(), server.Client(), server.URL+"/oauth/tokens", oauth.TokenRequest{
		GrantType: oauth.GrantAuthorizationCode, Code: "a-code", CodeVerifier: oauth.NewVerifier(nil),
		ClientID: "reports", ClientSecret: "the client's secret", ClientAuth: oauth.ClientAuthBody,
	}, oauth.Form)
	fmt.Println(token.Scope, *token.ExpiresIn, token, err)
	// Output: read 1800 oauth.TokenResponse{access_token:[secret] scope:"read" expires_in:"1800" refresh_token:[secret]} <nil>
}

// What was refused is an *Error with its code. What is no OAuth answer is a *RemoteError,
// which tells whether the refresh token may be spent.
func ExampleRemoteError() {
	answers := []string{`{"error":"invalid_grant"}`, `<html>Sign in to this network</html>`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, answers[0])
		answers = answers[1:]
	}))
	defer server.Close()

	refresh := oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: "a-refresh-token", ClientID: "reports"}
	for range 2 {
		_, err := oauth.Exchange(context.Background(), nil, server.URL, refresh, oauth.JSON)
		if remote, ok := errors.AsType[*oauth.RemoteError](err); ok {
			fmt.Println("no OAuth answer:", remote.Status, "sent:", remote.Sent)
			continue
		}
		fmt.Println("refused:", oauth.ErrorCode(err))
	}
	// Output:
	// refused: invalid_grant
	// no OAuth answer: 400 sent: true
}

// A server reads what Exchange sends.
func ExampleDecodeTokenRequest() {
	body := oauth.TokenRequest{
		GrantType: oauth.GrantRefreshToken, RefreshToken: "a-refresh-token", ClientID: "reports", ClientSecret: "the client's secret",
	}.Encode()
	request, wrong := oauth.DecodeTokenRequest(nil, body)
	fmt.Println(request.GrantType, request.ClientID, "by", request.ClientAuth, request, wrong)

	body.Del("refresh_token")
	_, wrong = oauth.DecodeTokenRequest(nil, body)
	fmt.Println(wrong.Code, wrong.Code.Status(), wrong.Reason)
	// Output:
	// refresh_token reports by client_secret_post oauth.TokenRequest{grant_type:"refresh_token" client_id:"reports" client_secret:[secret] refresh_token:[secret]} <nil>
	// invalid_request 400 'refresh_token' required.
}

// Revocation: the client authenticates as at the token endpoint, and names a token.
func ExampleDecodeTokenRef() {
	body := oauth.TokenRef{Token: "a-refresh-token", TypeHint: "refresh_token"}.Encode()
	ref, wrong := oauth.DecodeTokenRef(body)
	fmt.Println(ref.TypeHint, ref, wrong)

	request := &http.Request{Header: http.Header{}}
	request.SetBasicAuth("reports", "the-secret")
	client, wrong := oauth.DecodeClient(request.Header.Values("Authorization"), body)
	fmt.Println(client.ClientID, "by", client.ClientAuth, wrong)
	// Output:
	// refresh_token oauth.TokenRef{token:[secret] token_type_hint:"refresh_token"} <nil>
	// reports by client_secret_basic <nil>
}

// A protocol error has words for the client, and apart from them a reason for the log.
func ExampleErrorf() {
	var err error = oauth.Errorf(oauth.InvalidClient, "client %q has another secret", "reports")
	fmt.Println(oauth.ErrorCode(fmt.Errorf("refresh: %w", err)))

	body, _ := json.Marshal(err)
	fmt.Println(string(body), oauth.InvalidClient.Status())
	// Output:
	// invalid_client
	// {"error":"invalid_client"} 401
}

// An error is taken in any form, but not from a server that has failed.
func ExampleParseError() {
	body := []byte(`{"error":{"error":"invalid_grant"}}`)
	fmt.Println(oauth.ParseError(http.StatusBadRequest, "text/html", body).Code)
	fmt.Println(oauth.ParseError(http.StatusBadGateway, "application/json", body) == nil)
	// Output:
	// invalid_grant
	// true
}

func ExampleRetryAfter() {
	fmt.Println(oauth.RetryAfter(http.Header{"Retry-After": {"30"}}))
	fmt.Println(oauth.RetryAfter(http.Header{
		"Date": {"Mon, 23 Nov 2026 12:00:00 GMT"}, "Retry-After": {"Mon, 23 Nov 2026 12:01:30 GMT"},
	}) == 90*time.Second)
	// Output:
	// 30s
	// true
}

// A server keeps the challenge with the code, and the client shows the verifier with it.
func ExampleChallenge() {
	verifier := oauth.NewVerifier(strings.NewReader("thirty-two bytes, here no random"))
	kept := oauth.Challenge(oauth.S256(verifier))
	fmt.Println(kept.Matches(verifier), kept.Matches("another"), kept.Matches(""))
	fmt.Println(oauth.VerifyS256(verifier, string(kept)))

	// No challenge was kept: somebody took it out of the request.
	fmt.Println(oauth.Challenge("").Matches(verifier), oauth.Challenge("").Matches(""))
	// Output:
	// true false false
	// true
	// false true
}

func ExampleNewVerifier() {
	verifier := oauth.NewVerifier(nil) // of crypto/rand
	fmt.Println(len(verifier), oauth.ValidVerifier(verifier), oauth.ValidVerifier("too short"))
	// Output: 43 true false
}

func ExampleCheckRedirectURI() {
	for _, uri := range []string{"https://reports.example/callback", "http://localhost:8080/callback", "http://reports.example/callback"} {
		fmt.Println(oauth.CheckRedirectURI(uri))
	}
	// Output:
	// <nil>
	// <nil>
	// the redirect URL must use https, unless it is for localhost, 127.0.0.1 or [::1]
}

// Every character counts, unless a native app may listen at any port.
func ExampleMatchRedirectURI() {
	registered := []string{"https://reports.example/callback", "http://127.0.0.1/callback"}
	fmt.Println(oauth.MatchRedirectURI(registered, "https://reports.example/callback"))
	fmt.Println(oauth.MatchRedirectURI(registered, "https://reports.example/callback/"))
	fmt.Println(oauth.MatchRedirectURI(registered, "http://127.0.0.1:49152/callback"))
	fmt.Println(oauth.MatchLoopbackAnyPort(registered, "http://127.0.0.1:49152/callback"))
	// Output:
	// true
	// false
	// false
	// true
}

// A consent page may send its form to the server, and the browser on to the app.
func ExampleRedirectOrigin() {
	fmt.Println("form-action 'self'", oauth.RedirectOrigin("https://reports.example:8443/callback?a=b"))
	// Output: form-action 'self' https://reports.example:8443
}

// Scopes are words here; what they mean is the dialect's.
func ExampleScope() {
	asked := oauth.ParseScope("tickets:read  users:read tickets:read")
	granted := oauth.Scope{"tickets:read"}
	fmt.Println(asked, asked.Has("users:read"), asked.Contains(granted), granted.IsEmpty())
	fmt.Println("missing:", asked.Minus(granted))
	fmt.Println(asked.Equal(oauth.ParseScope("users:read tickets:read")))
	// Output:
	// tickets:read users:read true true false
	// missing: users:read
	// true
}

// An authorization server describes itself, and tells what a token is.
func ExampleMetadata() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer any = oauth.Introspection{Active: true, Scope: "read", ClientID: "reports", TokenType: "Bearer"}
		if r.URL.Path == oauth.MetadataPath {
			answer = oauth.Metadata{Issuer: "https://issuer.example", GrantTypesSupported: []string{string(oauth.GrantClientCredentials)}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()

	resp, err := http.Get(server.URL + oauth.MetadataPath)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var about oauth.Metadata
	fmt.Println(json.NewDecoder(resp.Body).Decode(&about), about.Issuer, about.GrantTypesSupported)

	resp, err = http.PostForm(server.URL+"/introspect", oauth.TokenRef{Token: "a-token"}.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Print(string(text), err)
	// Output:
	// <nil> https://issuer.example [client_credentials]
	// {"active":true,"scope":"read","client_id":"reports","token_type":"Bearer"}
	// <nil>
}
