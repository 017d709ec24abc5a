package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

const eventColumns = `id, account_id, at, actor_id, action, object, address, request_id, detail`

func scanEvent(row scanner) (r issuer.Recorded, err error) {
	var at int64
	var actor sql.NullInt64
	err = row.Scan(&r.ID, &r.Account, &at, &actor, &r.Action, &r.Object, &r.Origin.Address, &r.Origin.RequestID, &r.Detail)
	r.At, r.Actor = fromMicros(at), issuer.UserID(actor.Int64)
	return r, err
}

// Events goes by an index for each single filter, and from the edge on: a page in
// the depth of the trail costs what the first one does. It asks for one row more
// than wanted, and so knows whether there are more.
func (s issuerStore) Events(ctx context.Context, a issuer.AccountID, f issuer.EventFilter, r issuer.EventRange) (issuer.Page[issuer.Recorded], error) {
	query, args := `SELECT `+eventColumns+` FROM issuer_events WHERE account_id = $1`, []any{a}
	narrow := func(condition string, values ...any) {
		places := make([]any, len(values))
		for n := range values {
			places[n] = len(args) + n + 1
		}
		query, args = query+fmt.Sprintf(" AND "+condition, places...), append(args, values...)
	}
	if f.Actor != 0 {
		narrow(`actor_id = $%d`, f.Actor)
	}
	if f.Action != "" {
		narrow(`action = $%d`, f.Action)
	}
	if f.Object != "" {
		narrow(`object = $%d`, f.Object)
	}
	since := func(at time.Time, condition string) {
		if !at.IsZero() {
			narrow(condition, micros(at))
		}
	}
	since(f.From, `at >= $%d`)
	since(f.Until, `at < $%d`)
	order, backwards := "DESC", r.OlderThan.IsZero() && !r.NewerThan.IsZero()
	switch {
	case backwards:
		order = "ASC"
		narrow(`(at, id) > ($%d, $%d)`, micros(r.NewerThan.At), r.NewerThan.ID)
	case !r.OlderThan.IsZero():
		narrow(`(at, id) < ($%d, $%d)`, micros(r.OlderThan.At), r.OlderThan.ID)
	}
	query += fmt.Sprintf(` ORDER BY at %s, id %s LIMIT $%d`, order, order, len(args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(args, r.Limit+1)...)
	var page issuer.Page[issuer.Recorded]
	if page.Items, err = collect(rows, err, scanEvent); err != nil {
		return page, err
	}
	if page.More = len(page.Items) > r.Limit; page.More {
		page.Items = page.Items[:r.Limit]
	}
	if backwards {
		slices.Reverse(page.Items)
	}
	return page, nil
}
