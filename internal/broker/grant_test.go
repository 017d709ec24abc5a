package broker_test

import (
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
)

func TestBySignIn(t *testing.T) {
	for _, c := range []struct {
		grant oauth.GrantType
		user  int64
		want  bool
	}{
		{oauth.GrantAuthorizationCode, 7, true},
		{oauth.GrantAuthorizationCode, 0, false}, // it is not known whose it is
		{oauth.GrantClientCredentials, 7, false}, // the client's own, whoever it acts as
	} {
		if got := (broker.Connection{Grant: c.grant, User: broker.User{ID: c.user}}).BySignIn(); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
