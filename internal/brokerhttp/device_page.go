package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

// devicePath is where a person types the code of a program that waits. It is short,
// because people copy it by hand.
const devicePath = "/device"

// deviceBox asks for the code. One that comes with the address is filled in and no
// more: whoever sent the link must not have it confirmed by a click (RFC 8628 §5.4).
func (s *site) deviceBox(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get(web.FieldUserCode)
	if len(code) > 32 {
		code = ""
	}
	web.Render(w, http.StatusOK, s.devicePage(r, code))
}

func (s *site) devicePage(r *http.Request, code string) web.Device {
	p := web.Device{Page: s.page(r), Action: devicePath, Code: code}
	// The code came with the address, which the switch leads back to.
	if p.Languages.Action == "" {
		p.Languages = web.LanguageSwitch{Action: s.languagePath(), Back: devicePath}
	}
	return p
}

// device takes the code, shows who asks, and takes what the person decides.
func (s *site) device(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.badForm(w, r, err)
		return
	}
	code, address := r.PostForm.Get(web.FieldUserCode), httpd.AddressText(r.Context())
	switch r.PostForm.Get(web.FieldDecision) {
	case web.DecisionAllow:
		s.allowDevice(w, r, code)
	case web.DecisionDeny:
		d, err := s.Broker.DenyDevice(r.Context(), code, address)
		if err != nil {
			s.deviceFailed(w, r, code, err)
			return
		}
		web.Render(w, http.StatusOK, web.DeviceDenied{Page: s.page(r), Program: d.Program})
	default:
		d, err := s.Broker.DeviceOf(r.Context(), code, address)
		if err != nil {
			s.deviceFailed(w, r, code, err)
			return
		}
		web.Render(w, http.StatusOK, s.askPage(r, d, code))
	}
}

func (s *site) askPage(r *http.Request, d broker.Device, code string) web.DeviceAsk {
	p := web.DeviceAsk{
		Page: s.page(r), Action: devicePath, Code: broker.ShownUserCode(code), Program: d.Program, Address: d.Address,
		Age: int(s.Broker.Now().Sub(d.Created) / time.Second), Asked: d.Scope,
		Subdomain: s.Account, BaseSuffix: strings.TrimPrefix(s.host("acme"), "acme"), FormOrigins: []string{s.formOrigin()},
	}
	if d.Account != "" {
		p.Account = s.host(d.Account)
	}
	return p
}

func (s *site) allowDevice(w http.ResponseWriter, r *http.Request, code string) {
	address, typed := httpd.AddressText(r.Context()), r.PostForm.Get(web.FieldSubdomain)
	account, bad := s.Broker.Base.CleanSubdomain(typed)
	departure, err := s.Broker.AllowDevice(r.Context(), code, address, broker.ConnectRequest{Account: account, Browser: s.cookie.read(r)})
	var invalid *broker.Invalid
	var failure *broker.Failure
	problem := web.ProblemNone
	switch {
	case err == nil:
		s.cookie.set(w, departure.Browser)
		w.Header().Set("Cache-Control", "no-store")
		redirect(w, http.StatusSeeOther, departure.URL)
		return
	case errors.As(err, &failure) && failure.Kind == broker.NotServed:
		problem = web.ProblemNotServed
	case errors.As(err, &invalid) && strings.TrimSpace(typed) == "":
		problem = web.ProblemSubdomainMissing
	case errors.As(err, &invalid), bad != nil && typed != "":
		problem = web.ProblemSubdomainInvalid
	}
	if problem == web.ProblemNone {
		s.deviceFailed(w, r, code, err)
		return
	}
	d, err := s.Broker.DeviceOf(r.Context(), code, address)
	if err != nil {
		s.deviceFailed(w, r, code, err)
		return
	}
	page := s.askPage(r, d, code)
	page.Subdomain, page.Problem = typed, problem
	web.Render(w, http.StatusUnprocessableEntity, page)
}

// deviceFailed turns an error into a page. The code itself is in no log.
func (s *site) deviceFailed(w http.ResponseWriter, r *http.Request, code string, err error) {
	var many *broker.TooMany
	switch {
	case errors.Is(err, broker.ErrNotFound):
		httpd.Note(r.Context(), slog.String("failure", "no such device"))
		page := s.devicePage(r, "")
		page.Wrong = true
		if len(code) <= 32 {
			page.Code = code
		}
		web.Render(w, http.StatusUnprocessableEntity, page)
	case errors.As(err, &many):
		httpd.Note(r.Context(), slog.String("failure", "too many wrong codes"))
		web.Render(w, http.StatusTooManyRequests, web.TooMany{Page: s.page(r), Brand: web.Broker, RetryAfter: int(wholeSeconds(many.Wait))})
	default:
		s.failed(w, r, err)
	}
}
