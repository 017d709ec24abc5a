package brokerhttp

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/deskauth/deskauth/internal/broker"
)

// Bounds of a part of a list.
const (
	pageUsual = 100
	pageMost  = 500
)

// part is the part of a list that is asked for by limit and cursor, in the order of the
// numbers, and the cursor of the next; nil after the last.
func part[T any, ID ~int64](u use, list func(after ID, limit int) ([]T, error), number func(T) ID) ([]T, *string, error) {
	query := u.URL.Query()
	after, err := readCursor(query.Get("cursor"))
	if err != nil {
		return nil, nil, err
	}
	limit, err := readLimit(query.Get("limit"))
	if err != nil {
		return nil, nil, err
	}
	all, err := list(ID(after), limit+1) // one more tells whether there are more
	if err != nil || len(all) <= limit {
		return all, nil, err
	}
	next := writeCursor(int64(number(all[limit-1])))
	return all[:limit], &next, nil
}

func readLimit(text string) (int, error) {
	if text == "" {
		return pageUsual, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > pageMost {
		return 0, &broker.Invalid{Field: "limit", Why: fmt.Sprintf("it is a number from 1 to %d", pageMost)}
	}
	return limit, nil
}

// A cursor is a place in a list, for programs to hand back and not to read.
func writeCursor(number int64) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, number, 10))
}

func readCursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	number, bad := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || bad != nil || number <= 0 {
		return 0, &broker.Invalid{Field: "cursor", Why: "it is the next_cursor of the page before"}
	}
	return number, nil
}
