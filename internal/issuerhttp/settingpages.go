package issuerhttp

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

func (s *Server) showSettings(v visit, u issuer.User) error {
	web.Render(v.w, http.StatusOK, v.settings(u, v.account))
	return nil
}

// settings is the page of the settings of an account as it is.
func (v visit) settings(u issuer.User, a issuer.Account) web.Settings {
	return web.Settings{Center: v.center(u), Seen: version(a.Updated), Form: web.SettingsForm{
		PasswordAccess: a.PasswordAccess, TokenAccess: a.TokenAccess, BasicAuth: string(a.BasicAuth), PasswordGrant: a.PasswordGrant,
		TokenFormat: string(a.TokenFormat), RevokeReplayed: a.RevokeReplayed, Era: string(a.Era),
	}}
}

// saveSettings changes one of the two parts and leaves the other as it is. Before
// nobody can come in by Basic authentication any more, it says what that means:
// Zendesk then refuses nothing, which few expect (facts section 6.6).
func (s *Server) saveSettings(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	in := v.r.PostForm
	seen, err := sawAt(in)
	if err != nil {
		return err
	}
	shown := v.foundAt(web.PathSettings).settings(u, v.account)
	f := shown.Form
	var change issuer.SettingsChange
	switch in.Get(web.FieldPart) {
	case web.PartAccess:
		f.PasswordAccess, f.TokenAccess = switched(in, web.FieldPasswordAccess), switched(in, web.FieldTokenAccess)
		if !f.PasswordAccess && !f.TokenAccess && !v.account.TakesNoBasic() && !switched(in, web.FieldSure) {
			web.Render(v.w, http.StatusOK, web.BasicOff{Center: v.center(u), Seen: version(seen)})
			return nil
		}
		change = issuer.SettingsChange{PasswordAccess: &f.PasswordAccess, TokenAccess: &f.TokenAccess}
	case web.PartLocal:
		f.BasicAuth, f.TokenFormat, f.Era = in.Get(web.FieldBasicAuth), in.Get(web.FieldTokenFormat), in.Get(web.FieldEra)
		f.PasswordGrant, f.RevokeReplayed = switched(in, web.FieldPasswordGrant), switched(in, web.FieldReplayed)
		change = issuer.SettingsChange{
			BasicAuth: (*issuer.BasicAuth)(&f.BasicAuth), TokenFormat: (*issuer.TokenFormat)(&f.TokenFormat), Era: (*issuer.Era)(&f.Era),
			PasswordGrant: &f.PasswordGrant, RevokeReplayed: &f.RevokeReplayed,
		}
	default:
		return errForm
	}
	_, err = s.Issuer.ChangeSettings(v.r.Context(), v.account, seen, change, v.by(u))
	if errors.Is(err, issuer.ErrConflict) {
		return s.showSettingsOvertaken(v, u)
	}
	if wrong, ok := problems(v.page().Lang, err); ok {
		shown.Form, shown.Problems, shown.Seen = f, wrong, version(seen)
		web.Render(v.w, http.StatusUnprocessableEntity, shown)
		return nil
	} else if err != nil {
		return err
	}
	return v.see(web.Within(web.PathSettings, "done", string(web.DoneSaved)))
}

// showSettingsOvertaken shows whoever came second what the first one made of it.
func (s *Server) showSettingsOvertaken(v visit, u issuer.User) error {
	a, err := s.Issuer.Store.Account(v.r.Context(), v.account.Subdomain)
	if err != nil {
		return err
	}
	p := v.foundAt(web.PathSettings).settings(u, a)
	p.Overtaken = true
	web.Render(v.w, http.StatusConflict, p)
	return nil
}

// version names a state of something, in a form that is to change it.
func version(updated time.Time) string { return strconv.FormatInt(updated.UnixMicro(), 10) }

// sawAt reads which state somebody saw who changes something.
func sawAt(form url.Values) (time.Time, error) {
	us, err := strconv.ParseInt(form.Get(web.FieldSeen), 10, 64)
	if err != nil {
		return time.Time{}, errForm
	}
	return time.UnixMicro(us).UTC(), nil
}

// switched tells whether a switch of a form is on; a browser leaves out those that
// are off.
func switched(form url.Values, name string) bool { return form.Get(name) == web.On }
