package store

import (
	"context"
	"fmt"
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
// wide rows of those alone that it returns. Where few have a word that is looked for,
// it looks at those.
func (s brokerStore) FindConnections(ctx context.Context, f broker.Filter, before broker.ConnectionID, limit int) ([]broker.Connection, error) {
	few, err := s.fewest(ctx, strings.Fields(f.Words))
	if err != nil {
		return nil, err
	}
	condition, args := narrowed(f, before)
	if few != "" {
		condition += fmt.Sprintf(` AND id IN (SELECT connection_id FROM broker_connection_words WHERE word >= $%d AND word < $%d)`, len(args)+1, len(args)+2)
		args = append(args, few, few+wordEnd)
	}
	query := `SELECT ` + connectionColumns + ` FROM broker_connections
		WHERE id IN (SELECT id FROM broker_connections WHERE id < $1 AND ` + condition +
		fmt.Sprintf(` ORDER BY id DESC LIMIT $%d) ORDER BY id DESC`, len(args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(args, limit)...)
	return collect(rows, err, scanConnection)
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
