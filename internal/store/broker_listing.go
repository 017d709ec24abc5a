package store

import (
	"context"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
)

// FindConnections goes down an index that holds all that it looks at, and reads the
// wide rows of those alone that it returns. What few rows match is looked for among
// all of them: of 100,000 that takes some tens of milliseconds, and the list needs no
// index for each pair of filters.
func (s brokerStore) FindConnections(ctx context.Context, f broker.Filter, before broker.ConnectionID, limit int) ([]broker.Connection, error) {
	pattern := ""
	if f.Words != "" {
		pattern = "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(f.Words) + "%"
	}
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE id IN (
			SELECT id FROM broker_connections
			WHERE id < $1 AND state <> 'pending' AND (state = $2 OR $2 = '') AND (account = $3 OR $3 = '')
				AND (product = $4 OR $4 = '') AND (client_id = $5 OR $5 = 0) AND (words LIKE $6 ESCAPE '!' OR $6 = '')
			ORDER BY id DESC LIMIT $7)
		ORDER BY id DESC`,
		before, f.State, f.Account, f.Product, f.Client, pattern, limit)
	return collect(rows, err, scanConnection)
}

func (s brokerStore) CountConnections(ctx context.Context, f broker.Filter) (map[broker.State]int, error) {
	type count struct {
		state broker.State
		n     int
	}
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT state, count(*) FROM broker_connections
		WHERE state <> 'pending' AND (state = $1 OR $1 = '') AND (account = $2 OR $2 = '') AND (product = $3 OR $3 = '')
			AND (client_id = $4 OR $4 = 0)
		GROUP BY state`, f.State, f.Account, f.Product, f.Client)
	all, err := collect(rows, err, func(row scanner) (c count, err error) {
		err = row.Scan(&c.state, &c.n)
		return c, err
	})
	counts := map[broker.State]int{}
	for _, c := range all {
		counts[c.state] = c.n
	}
	return counts, err
}

func (s brokerStore) ConnectionsOfPerson(ctx context.Context, account string, user int64) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections WHERE account = $1 AND user_id = $2 ORDER BY id`, account, user)
	return collect(rows, err, scanConnection)
}
