package store

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deskauth/deskauth/internal/issuer"
)

// listed reads the part of a list that r asks for. from is everything between
// FROM and the condition on the number, a WHERE among it, with one parameter
// for each of args; id is the column of the number.
//
// It asks for one row more than wanted, and so knows whether there are more.
func listed[T any](ctx context.Context, d *DB, r issuer.Range, columns, from, id string, scan func(scanner) (T, error), args ...any) (issuer.Page[T], error) {
	var page issuer.Page[T]
	if r.Count {
		if err := d.reads.QueryRowContext(ctx, `SELECT count(*) FROM `+from, args...).Scan(&page.Total); err != nil {
			return page, err
		}
	}
	low, high, backwards := bounds(r)
	order := "ASC"
	if r.Descending != backwards {
		order = "DESC"
	}
	n := len(args)
	query := fmt.Sprintf(`SELECT %s FROM %s AND %s > $%d AND %s < $%d ORDER BY %s %s LIMIT $%d OFFSET $%d`,
		columns, from, id, n+1, id, n+2, id, order, n+3, n+4)
	rows, err := d.reads.QueryContext(ctx, query, append(slices.Clone(args), low, high, r.Limit+1, r.Offset)...)
	if page.Items, err = collect(rows, err, scan); err != nil {
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

// bounds are the numbers between which a range lies, both exclusive. What lies
// before a number is read from there backwards, and turned round afterwards.
func bounds(r issuer.Range) (low, high int64, backwards bool) {
	low, high = 0, math.MaxInt64
	after, before := &low, &high
	if r.Descending {
		after, before = before, after
	}
	if r.After != 0 {
		*after = r.After
	}
	if r.Before != 0 {
		*before = r.Before
	}
	return low, high, r.Before != 0
}
