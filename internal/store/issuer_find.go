package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
)

// literal keeps LIKE from reading more into a text than it says.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (s issuerStore) FindUsers(ctx context.Context, a issuer.AccountID, f issuer.UserFilter, r issuer.Range) (issuer.Page[issuer.User], error) {
	from, args := `issuer_users WHERE account_id = $1 AND erased_at IS NULL`, []any{a}
	if len(f.Roles) > 0 {
		var places []string
		for _, role := range f.Roles {
			args = append(args, role)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		from += ` AND role IN (` + strings.Join(places, ", ") + `)`
	}
	for _, part := range f.EmailHas {
		args = append(args, "%"+literal.Replace(part)+"%")
		from += fmt.Sprintf(` AND email LIKE $%d ESCAPE '\'`, len(args))
	}
	return listed(ctx, s.db, r, userColumns, from, "id", scanUser, args...)
}
