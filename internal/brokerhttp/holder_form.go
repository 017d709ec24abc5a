package brokerhttp

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// sendForm takes the page's form, several files and a comment, and streams them on as
// they come. What arrived is sent though others failed; they are named.
func (s *site) sendForm(w http.ResponseWriter, r *http.Request) {
	h, err := s.passOf(w, r)
	if err != nil {
		s.passAsk(w, r, err)
		return
	}
	form, err := r.MultipartReader()
	if err != nil {
		s.passForm(w, h, "", nil, &broker.PassRefused{Pass: h.pass.ID, Why: broker.BrokeOff})
		return
	}
	sending, err := s.courier.Begin(r.Context(), h.pass.ID, h.from)
	if err != nil {
		s.noteRefusal(h, err)
		s.passForm(w, h, "", nil, err)
		return
	}
	came := s.carryForm(w, h, sending.ID, form)
	if came.files == 0 && len(came.failed) > 0 {
		err = came.failed[0].err
	} else {
		_, err = s.courier.Finish(r.Context(), h.pass.ID, sending.ID, came.comment)
	}
	if err != nil {
		s.noteRefusal(h, err)
		if came.files == 0 || strings.HasPrefix(passTextKey(err), "why.") { // else it stays, to be finished
			s.giveUp(h, sending.ID)
		}
		s.passForm(w, h, came.comment, came.failed, err)
		return
	}
	if len(came.failed) > 0 {
		s.passForm(w, h, "", came.failed, came.failed[0].err)
		return
	}
	redirect(w, http.StatusSeeOther, passPath+"?"+url.Values{sentParam: {"1"}}.Encode())
}

// sentParam is set in the address of the page that follows on a form.
const sentParam = "sent"

// formed is what came in a form.
type formed struct {
	comment string
	files   int // that Zendesk has
	failed  []failedFile
}

type failedFile struct {
	name string
	err  error
}

// formParts bounds how many parts of a form are looked at. The page's has a comment and
// as many files as a sending may have, and some more to be named as too many; in a body
// of holderBody there is room for millions, each of which would be kept to be named.
const formParts = 50

// carryForm carries the files of a form on, and reads its comment.
func (s *site) carryForm(w http.ResponseWriter, h held, id broker.SendingID, form *multipart.Reader) (came formed) {
	for n := 0; ; n++ {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return came
		} else if err == nil && n == formParts {
			came.failed = append(came.failed, failedFile{"", &broker.PassRefused{Pass: h.pass.ID, Why: broker.FilesTooMany}})
			return came
		} else if err != nil {
			came.failed = append(came.failed, failedFile{"", &broker.PassRefused{Pass: h.pass.ID, Why: broker.BrokeOff}})
			return came
		}
		switch name := part.FileName(); {
		case part.FormName() == web.FieldComment:
			text, _ := io.ReadAll(io.LimitReader(s.patient(w, part), maxForm))
			came.comment = string(text)
		case name == "" || part.FormName() != web.FieldFiles: // a file box in which nothing was chosen
		default:
			if _, err := s.courier.Send(h.Context(), h.pass.ID, id, name, -1, s.patient(w, part)); err != nil {
				came.failed = append(came.failed, failedFile{broker.CleanFileName(name), err})
				continue
			}
			came.files++
		}
	}
}

// finishForm ends a sending that stayed open.
func (s *site) finishForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	h, err := s.passOf(w, r)
	if err != nil {
		s.passAsk(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.passForm(w, h, "", nil, &broker.PassRefused{Pass: h.pass.ID, Why: broker.BrokeOff})
		return
	}
	number, err := strconv.ParseInt(r.PostForm.Get(web.FieldSending), 10, 64)
	if err != nil {
		s.passForm(w, h, "", nil, &broker.PassRefused{Pass: h.pass.ID, Why: broker.SendingOver})
		return
	}
	comment, to := r.PostForm.Get(web.FieldComment), passPath
	if r.PostForm.Get(web.FieldDo) == web.DoDiscard {
		err = s.courier.Discard(r.Context(), h.pass.ID, broker.SendingID(number))
	} else {
		_, err = s.courier.Finish(r.Context(), h.pass.ID, broker.SendingID(number), comment)
		to += "?" + url.Values{sentParam: {"1"}}.Encode()
	}
	if err != nil {
		s.noteRefusal(h, err)
		s.passForm(w, h, comment, nil, err)
		return
	}
	redirect(w, http.StatusSeeOther, to)
}
