package brokerhttp

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
)

// What the holder of a pass is served: a page, and what its script asks for.
//
//	/pass#SECRET ──► script ──► POST /pass/open ──► cookie ──► GET /pass
//	                 or a box to paste the link into
//	PUT  /pass/files/NAME                 one file, begun and finished: for curl
//	POST /pass/send                       the form, where there is no script
//	POST /pass/sendings                   ┐
//	PUT  /pass/sendings/{id}/files/NAME   │ what the script does: files one by one,
//	POST /pass/sendings/{id}/finish       │ then the comment
//	DELETE /pass/sendings/{id}            ┘
//	POST /pass/finish                     a sending that stayed open: send it, or not
//
// No answer has anything of Zendesk's in it.

const (
	// holderWait is how long the next bytes of a file may take to come.
	holderWait = time.Minute
	// holderTime bounds a whole file.
	holderTime = 30 * time.Minute
	// holderBody bounds what comes in one request: the largest file, or several in a
	// form; each file has its own bound besides.
	holderBody = broker.PassBytesMost + 1<<20
)

// isPass tells the holder's paths.
func isPass(r *http.Request) bool {
	return r.URL.Path == passPath || strings.HasPrefix(r.URL.Path, passPath+"/")
}

// holderRoutes serves them.
func (s *site) holderRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+passPath, s.passPage)
	mux.HandleFunc("POST "+passPath+"/open", s.openPass)
	mux.HandleFunc("POST "+passPath+"/send", s.sendForm)
	mux.HandleFunc("POST "+passPath+"/finish", s.finishForm)
	mux.HandleFunc("PUT "+passFilesPath+"{name}", s.holder(s.putFile))
	mux.HandleFunc("POST "+passPath+"/sendings", s.holder(s.beginSending))
	mux.HandleFunc("PUT "+passPath+"/sendings/{id}/files/{name}", s.holder(s.putSendingFile))
	mux.HandleFunc("POST "+passPath+"/sendings/{id}/finish", s.holder(s.finishSending))
	mux.HandleFunc("DELETE "+passPath+"/sendings/{id}", s.holder(s.discardSending))
	allow := map[string]string{
		passPath: "GET, HEAD", passPath + "/open": "POST", passPath + "/send": "POST", passPath + "/finish": "POST",
		passFilesPath + "{name}": "PUT", passPath + "/sendings": "POST", passPath + "/sendings/{id}": "DELETE",
		passPath + "/sendings/{id}/files/{name}": "PUT", passPath + "/sendings/{id}/finish": "POST",
	}
	for path, methods := range allow {
		mux.HandleFunc(path, s.methodNotAllowed(strings.Split(methods, ", ")))
	}
	mux.HandleFunc("/", s.notFound)
	protect := http.NewCrossOriginProtection() // a cookie may be what a request is known by
	protect.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	return httpd.Chain(protect.Handler(httpd.Route(mux)), httpd.MaxBody(holderBody))
}

// held is what a holder asks by.
type held struct {
	*http.Request
	pass broker.Pass
	from string
}

// passOf finds the pass of a request: of its bearer, or of its cookie.
func (s *site) passOf(w http.ResponseWriter, r *http.Request) (held, error) {
	h := held{Request: r, from: httpd.AddressText(r.Context())}
	w.Header().Set("Cache-Control", "no-store")
	plain := bearerOf(r)
	byCookie := plain.IsZero()
	if byCookie {
		plain = s.passCookie.read(r)
	}
	var err error
	h.pass, err = s.passBy(r, plain)
	if err == nil && byCookie && !isPageOf(r, h.pass) {
		err = &broker.PassRefused{Pass: h.pass.ID, Why: broker.OtherPass}
	}
	return h, err
}

// isPageOf tells whether a request comes from the page of this pass. A browser keeps the
// pass that was opened last: what somebody was about to send by one page must not go to
// the ticket of a link that another person had them open meanwhile.
func isPageOf(r *http.Request, p broker.Pass) bool {
	page := r.URL.Query().Get(web.FieldPass)
	return page == "" || page == strconv.FormatInt(int64(p.ID), 10)
}

// passBy finds the pass of a secret. Wrong ones are told to the audit trail.
func (s *site) passBy(r *http.Request, plain secret.Plain) (broker.Pass, error) {
	address := httpd.AddressText(r.Context())
	p, err := s.Broker.PassOf(r.Context(), plain, address)
	if refused := (*broker.PassRefused)(nil); errors.As(err, &refused) && !plain.IsZero() {
		return p, errors.Join(err, s.courier.Refused(r.Context(), p, refused, address))
	}
	if err == nil {
		httpd.Note(r.Context(), slog.Int64("pass", int64(p.ID)))
	}
	return p, err
}

// holder puts the pass before what a program, or the page's script, asks for.
func (s *site) holder(serve func(http.ResponseWriter, held) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h, err := s.passOf(w, r)
		if err == nil {
			if err = serve(w, h); err != nil {
				s.noteRefusal(h, err)
			}
		}
		if err != nil {
			s.problemSaid(w, r, err, s.passText(r, err))
		}
	}
}

// noteRefusal tells the audit trail of what a pass was refused.
func (s *site) noteRefusal(h held, err error) {
	if refused := (*broker.PassRefused)(nil); errors.As(err, &refused) {
		if err := s.courier.Refused(h.Context(), h.pass, refused, h.from); err != nil {
			httpd.Note(h.Context(), slog.String("audit", err.Error()))
		}
	}
}

// passTextKey names what a holder is told of an error; "" for what is not theirs.
func passTextKey(err error) string {
	var refused *broker.PassRefused
	var undelivered *broker.Undelivered
	var many *broker.TooMany
	switch {
	case errors.As(err, &refused):
		return "why." + string(refused.Why)
	case errors.As(err, &undelivered):
		return "obstacle." + string(undelivered.Obstacle)
	case errors.As(err, &many):
		return "tries"
	}
	return ""
}

func (s *site) passText(r *http.Request, err error) string {
	if key := passTextKey(err); key != "" {
		return web.PassText(s.language.Lang(r), key)
	}
	return ""
}

// openPass swaps the secret for a cookie. A script sends it as JSON, a person pastes
// the link into a form.
func (s *site) openPass(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var given string
	script := strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
	if script {
		var body struct{ Secret string }
		if err := readBody(r, &body); err != nil {
			s.problem(w, r, err)
			return
		}
		given = body.Secret
	} else if err := r.ParseForm(); err == nil {
		given = r.PostForm.Get(web.FieldLink)
	}
	plain := broker.PassSecret(given)
	p, err := s.passBy(r, plain)
	if err != nil { // nor is the one before to take what was meant for this one
		s.passCookie.clear(w)
	}
	switch {
	case err != nil && script:
		s.problemSaid(w, r, err, s.passText(r, err))
	case err != nil:
		s.passAsk(w, r, err)
	default:
		s.passCookie.setFor(w, plain, min(p.Expires.Sub(s.Broker.Now())+passCookieLife, passCookieLife))
		if script {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		redirect(w, http.StatusSeeOther, passPath)
	}
}

// patience gives a body time as long as it goes on coming.
type patience struct {
	io.Reader
	control *http.ResponseController
	until   time.Time
}

func (s *site) patient(w http.ResponseWriter, body io.Reader) io.Reader {
	return &patience{body, http.NewResponseController(w), time.Now().Add(holderTime)}
}

func (p *patience) Read(b []byte) (int, error) {
	next := time.Now().Add(holderWait)
	if next.After(p.until) {
		next = p.until
	}
	_ = p.control.SetReadDeadline(next)
	return p.Reader.Read(b)
}
