package brokerhttp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

// keyRoutes are those by which keys are looked after.
var keyRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/keys", broker.Admin, (*site).listKeys},
	{http.MethodPost, apiPath + "/keys", broker.Admin, (*site).makeKey},
	{http.MethodDelete, apiPath + "/keys/{id}", broker.Admin, (*site).endKey},
	{http.MethodDelete, ownKeyPath, anyPower, (*site).endOwnKey},
}

// ownKeyPath is the key that a request is asked with.
const ownKeyPath = apiPath + "/keys/current"

func (s *site) listKeys(w http.ResponseWriter, u use) error {
	list := func(after broker.KeyID, limit int) ([]broker.Key, error) {
		all, err := s.Broker.Keys(u.Context()) // they are few
		var rest []broker.Key
		for _, k := range all {
			if k.ID > after && len(rest) < limit {
				rest = append(rest, k)
			}
		}
		return rest, err
	}
	all, next, err := part(u, list, func(k broker.Key) broker.KeyID { return k.ID })
	if err != nil {
		return err
	}
	page := deskauth.KeyPage{Keys: []deskauth.Key{}, NextCursor: next}
	for _, k := range all {
		page.Keys = append(page.Keys, PublishedKey(k))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) makeKey(w http.ResponseWriter, u use) error {
	var body struct {
		deskauth.KeyRequest
		ExpiresIn span `json:"expires_in"`
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	k, err := keyFor(body.KeyRequest, time.Duration(body.ExpiresIn), s.Broker.Now())
	if err != nil {
		return err
	}
	k.Maker = u.key.Actor()
	made, plain, err := s.Broker.MakeKey(u.Context(), k)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, PublishedNewKey(made, plain))
}

// keyLongest bounds expires_in: longer is for ever.
const keyLongest = 100 * 365 * 24 * time.Hour

// KeyWish is what a program asks of a key, in the broker's types. The error is
// *broker.Invalid.
func KeyWish(r deskauth.KeyRequest, now time.Time) (broker.Key, error) {
	life := time.Duration(r.ExpiresIn) * time.Second
	if r.ExpiresIn < 0 || r.ExpiresIn > int64(keyLongest/time.Second) { // the product may be anything
		life = -1 // which is refused, with what is taken
	}
	return keyFor(r, life, now)
}

// keyFor is a key of a life; 0 is for ever.
func keyFor(r deskauth.KeyRequest, life time.Duration, now time.Time) (broker.Key, error) {
	k := broker.Key{Name: r.Name}
	for _, power := range r.Can {
		k.Can = append(k.Can, broker.Power(power))
	}
	for _, id := range r.Connections {
		k.Connections = append(k.Connections, broker.ConnectionID(id))
	}
	switch {
	case life < 0 || life > keyLongest:
		return k, &broker.Invalid{Field: "expires_in", Why: "it is " + spanTaken + "; 0 is never"}
	case life > 0:
		k.Expires = now.Add(life).UTC().Truncate(time.Microsecond)
	}
	return k, nil
}

func (s *site) endKey(w http.ResponseWriter, u use) error {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil {
		return errNoRecord
	}
	if err := s.Broker.EndKey(u.Context(), u.key.Actor(), broker.KeyID(id)); err != nil {
		return ofRecord(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// endOwnKey lets a program end the key that it holds: when its person signs out.
func (s *site) endOwnKey(w http.ResponseWriter, u use) error {
	err := s.Broker.EndKey(u.Context(), u.key.Actor(), u.key.ID)
	if errors.Is(err, broker.ErrNotFound) { // it ended a moment ago
		err = broker.ErrKeyRefused
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// PublishedNewKey is a key that was just made, with what it is.
func PublishedNewKey(k broker.Key, plain secret.Plain) deskauth.NewKey {
	return deskauth.NewKey{Key: PublishedKey(k), Secret: plain.Reveal()}
}

// PublishedKey is a key as other programs see it.
func PublishedKey(k broker.Key) deskauth.Key {
	out := deskauth.Key{
		ID: int64(k.ID), Name: k.Name, Can: []string{}, Connections: []int64{}, CreatedAt: k.Created,
		ExpiresAt: orNil(k.Expires), LastUsedAt: orNil(k.LastUsed), EndedAt: orNil(k.Ended),
	}
	for _, p := range k.Can {
		out.Can = append(out.Can, string(p))
	}
	for _, id := range k.Connections {
		out.Connections = append(out.Connections, int64(id))
	}
	return out
}
