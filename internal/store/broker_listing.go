package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
)

// narrowing is a condition that grows, with its arguments: what is not asked for is not
// looked at.
type narrowing struct {
	condition string
	args      []any
}

// add narrows by a value, whose number is the %d of the condition.
func (n *narrowing) add(more string, value any) {
	n.args = append(n.args, value)
	n.condition += fmt.Sprintf(more, len(n.args))
}

// containing is the pattern of what has these words in it, with ! before its signs.
func containing(words string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(words) + "%"
}

// narrowed is the condition that a filter makes, with its arguments behind those that
// are there.
func narrowed(f broker.Filter, args ...any) (string, []any) {
	n := narrowing{`state <> 'pending'`, args}
	if f.State != "" {
		n.add(` AND state || '' = $%d`, f.State)
	}
	if f.Account != "" {
		n.add(` AND account || '' = $%d`, f.Account)
	}
	if f.Product != "" {
		n.add(` AND product = $%d`, f.Product)
	}
	if f.Client != 0 {
		n.add(` AND client_id + 0 = $%d`, f.Client)
	}
	for _, word := range strings.Fields(f.Words) {
		n.add(` AND words LIKE $%d`, "% "+word+"%") // a word has no sign of a pattern in it
	}
	return n.condition, n.args
}

// FindConnections goes down an index that holds all that it looks at, and reads the
// wide rows of those alone that it returns. Where few are of one of the things that are
// asked for, it looks at those, and at no others.
func (s brokerStore) FindConnections(ctx context.Context, f broker.Filter, before broker.ConnectionID, limit int) ([]broker.Connection, error) {
	few, err := s.fewest(ctx, narrows(f))
	if err != nil || few.none {
		return nil, err
	}
	condition, args := narrowed(f, before)
	order := `id`
	if few.of != "" {
		condition += ` AND id IN (SELECT ` + few.id + ` FROM ` + numbered(few.of, len(args)) + `)`
		args = append(args, few.args...)
		order = `id + 0` // the planner shall not think that it may as well walk down to them
	}
	query := `SELECT ` + connectionColumns + ` FROM broker_connections
		WHERE id IN (SELECT id FROM broker_connections WHERE id < $1 AND ` + condition +
		fmt.Sprintf(` ORDER BY %s DESC LIMIT $%d) ORDER BY id DESC`, order, len(args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, s.db.reads.byValues(append(args, limit))...)
	return collect(rows, err, scanConnection)
}

// fewMost is how many rows a list may have to look through for one thing that is asked
// for. Where more have it, the newest that do are soon found one by one.
const fewMost = 10_000

// narrow is one thing that is asked for, by an index of its own.
type narrow struct {
	id   string // the column of the connection's number
	of   string // FROM: the table, and the condition with %d for the number of each argument
	args []any
	none bool // nothing has it
}

// narrows are what of a filter has an index.
func narrows(f broker.Filter) (all []narrow) {
	if f.State != "" {
		all = append(all, narrow{id: `id`, of: `broker_connections WHERE state = $%d`, args: []any{f.State}})
	}
	if f.Account != "" {
		all = append(all, narrow{id: `id`, of: `broker_connections WHERE account = $%d`, args: []any{f.Account}})
	}
	if f.Client != 0 {
		all = append(all, narrow{id: `id`, of: `broker_connections WHERE client_id = $%d`, args: []any{f.Client}})
	}
	for _, word := range strings.Fields(f.Words) {
		all = append(all, narrow{id: `connection_id`, of: `broker_connection_words WHERE word >= $%d AND word < $%d`, args: []any{word, word + wordEnd}})
	}
	return all
}

// numbered has the parameters of a condition behind those that are there.
func numbered(condition string, behind int) string {
	for strings.Contains(condition, `%d`) {
		behind++
		condition = strings.Replace(condition, `%d`, strconv.Itoa(behind), 1)
	}
	return condition
}

// fewest returns the one that the fewest have, if they are few; otherwise its zero
// value. What none has ends the search.
func (s brokerStore) fewest(ctx context.Context, all []narrow) (few narrow, err error) {
	least := fewMost + 1
	for _, one := range all {
		var n int
		query := `SELECT count(*) FROM (SELECT 1 FROM ` + numbered(one.of, 0) + fmt.Sprintf(` LIMIT $%d) AS found`, len(one.args)+1)
		args := append(slices.Clone(one.args), fewMost+1)
		if err := s.db.reads.QueryRowContext(ctx, query, s.db.reads.byValues(args)...).Scan(&n); err != nil {
			return narrow{}, err
		}
		switch {
		case n == 0:
			return narrow{none: true}, nil
		case n < least:
			few, least = one, n
		}
	}
	return few, nil
}

func (s brokerStore) CountConnections(ctx context.Context, f broker.Filter) (map[broker.State]int, error) {
	type count struct {
		state broker.State
		n     int
	}
	f.Words = ""
	condition, args := narrowed(f)
	query := `SELECT state, count(*) FROM broker_connections WHERE ` + condition + ` GROUP BY state`
	rows, err := s.db.reads.QueryContext(ctx, query, args...)
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
