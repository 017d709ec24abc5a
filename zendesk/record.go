package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
)

// errRecord is for JSON that is not of the record that was asked for.
var errRecord = errors.New("the answer is not the JSON of the record that was asked for")

// exactly reads a record of which every field matters: guessing that a missing expires_at
// means "never" would be wrong.
func exactly[T any](data []byte, v *T) error {
	if json.Unmarshal(data, v) != nil {
		return errRecord
	}
	return nil
}

// readable reads what can be read of a record: that one of its many fields is of another
// type than documented is no reason to be without the others.
func readable[T any](data []byte, v *T) error {
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(data, v); err != nil && !errors.As(err, &mismatch) {
		return errRecord
	}
	return nil
}

// one asks for a body that holds one record. there tells whether it does.
func one[E any](ctx context.Context, a *API, c call, read func([]byte, *E) error, there func(E) bool) (E, error) {
	var body E
	err := a.do(ctx, c, func(data []byte) error {
		body = *new(E) // of this answer alone, when an earlier one broke off
		if err := read(data, &body); err != nil {
			return err
		}
		if !there(body) {
			return errRecord
		}
		return nil
	})
	if err != nil {
		return *new(E), err
	}
	return body, nil
}

// sent is one with a JSON body.
func sent[E any](ctx context.Context, a *API, method, path string, in any, read func([]byte, *E) error, there func(E) bool) (E, error) {
	c, err := sending(method, path, in)
	if err != nil {
		return *new(E), err
	}
	return one(ctx, a, c, read, there)
}

// numbered is the path of a record.
func numbered(path string, id int64) string { return path + "/" + strconv.FormatInt(id, 10) }
