package issuerhttp

import (
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// fileStep is how many lines of the audit trail are read in one go.
const fileStep = 500

// fileWait is how long a reader of the file may take over each of those.
const fileWait = 30 * time.Second

// auditHeads are the first line of the file.
var auditHeads = []string{"time", "person_id", "person", "email", "action", "object", "object_name", "detail", "address", "request_id"}

// auditFile sends what the page with this filter shows, all of it, as a file
// (RFC 4180). It is read and sent in steps, so that a long trail needs no memory;
// lines that are written meanwhile are newer than those that were sent, and stay
// out of it.
func (s *Server) auditFile(v visit, _ issuer.User) error {
	typed, f, wrong, err := s.auditFilter(v)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return v.see(web.Within(web.PathAudit, typed.Pairs()...))
	}
	ctx, r := v.r.Context(), issuer.EventRange{Limit: fileStep}
	page, err := s.Issuer.Events(ctx, v.account, f, r)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+v.account.Subdomain+"-audit-"+s.Issuer.Now().UTC().Format(time.DateOnly)+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")

	out, known, slow := csv.NewWriter(v.w), s.knownIn(v.account), http.NewResponseController(v.w)
	defer func() { _ = slow.SetWriteDeadline(time.Time{}) }() // the connection lives on
	out.UseCRLF = true
	err = out.Write(auditHeads)
	for err == nil {
		_ = slow.SetWriteDeadline(time.Now().Add(fileWait)) // where it cannot be set, there is none to keep
		if err = known.write(ctx, out, page.Items); err != nil || !page.More {
			break
		}
		r.OlderThan = page.Items[len(page.Items)-1].Key()
		page, err = s.Issuer.Events(ctx, v.account, f, r)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "the audit trail was cut off", "error", err)
		}
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}

func (k *known) write(ctx context.Context, out *csv.Writer, events []issuer.Recorded) error {
	for _, e := range events {
		row, err := k.row(ctx, e)
		if err != nil {
			return err
		}
		u, err := k.user(ctx, e.Actor)
		if err != nil {
			return err
		}
		var id, email string
		if e.Actor != 0 {
			id = strconv.FormatInt(int64(e.Actor), 10)
		}
		if !u.Erased {
			email = u.Email
		}
		if err := out.Write(web.Cells(e.At.UTC().Format(time.RFC3339), id, row.Who, email, row.Action, e.Object,
			row.Thing.Name, e.Detail, e.Origin.Address, e.Origin.RequestID)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
