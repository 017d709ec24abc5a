package brokerhttp

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
)

// putFile is all of it in one request: curl -T FILE …/pass/files/.
func (s *site) putFile(w http.ResponseWriter, h held) error {
	ctx := h.Context()
	sending, err := s.courier.Begin(ctx, h.pass.ID, h.from)
	if err != nil {
		return err
	}
	f, err := s.courier.Send(ctx, h.pass.ID, sending.ID, h.PathValue("name"), h.ContentLength, s.patient(w, h.Body))
	if err == nil {
		sending, err = s.courier.Finish(ctx, h.pass.ID, sending.ID, "")
	}
	if err != nil {
		s.giveUp(h, sending.ID)
		return err
	}
	return writeJSON(w, http.StatusCreated, sentJSON{Sent: []sentFile{{f.Name, f.Bytes}}})
}

type sentFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// sentJSON is what a holder's program is told.
type sentJSON struct {
	Sent []sentFile `json:"sent"`
}

// giveUp gives back a use that came to nothing. Of a sending in doubt nothing is.
func (s *site) giveUp(h held, id broker.SendingID) {
	if err := s.courier.Discard(h.Context(), h.pass.ID, id); err != nil {
		httpd.Note(h.Context(), slog.String("not given back", err.Error()))
	}
}

func (s *site) beginSending(w http.ResponseWriter, h held) error {
	sending, err := s.courier.Begin(h.Context(), h.pass.ID, h.from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, map[string]int64{"id": int64(sending.ID)})
}

func (h held) sending() (broker.SendingID, error) {
	id, err := strconv.ParseInt(h.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, &broker.PassRefused{Pass: h.pass.ID, Why: broker.SendingOver}
	}
	return broker.SendingID(id), nil
}

func (s *site) putSendingFile(w http.ResponseWriter, h held) error {
	id, err := h.sending()
	if err != nil {
		return err
	}
	f, err := s.courier.Send(h.Context(), h.pass.ID, id, h.PathValue("name"), h.ContentLength, s.patient(w, h.Body))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, sentFile{f.Name, f.Bytes})
}

func (s *site) finishSending(w http.ResponseWriter, h held) error {
	id, err := h.sending()
	if err != nil {
		return err
	}
	var body struct{ Comment string }
	h.Body = http.MaxBytesReader(w, h.Body, maxForm)
	if err := readBody(h.Request, &body); err != nil {
		return err
	}
	if _, err := s.courier.Finish(h.Context(), h.pass.ID, id, body.Comment); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *site) discardSending(w http.ResponseWriter, h held) error {
	id, err := h.sending()
	if err != nil {
		return err
	}
	if err := s.courier.Discard(h.Context(), h.pass.ID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
