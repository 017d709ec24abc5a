package brokerhttp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
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
		page.Keys = append(page.Keys, publishedKey(k))
	}
	return writeJSON(w, http.StatusOK, page)
}

// keyLongest bounds expires_in: longer is for ever.
const keyLongest = 100 * 365 * 24 * time.Hour

func (s *site) makeKey(w http.ResponseWriter, u use) error {
	var body struct {
		Name        string
		Can         []broker.Power
		Connections []broker.ConnectionID
		ExpiresIn   span `json:"expires_in"`
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	k := broker.Key{Name: body.Name, Can: body.Can, Connections: body.Connections, Maker: u.key.Actor()}
	switch {
	case body.ExpiresIn < 0 || body.ExpiresIn > span(keyLongest):
		return &broker.Invalid{Field: "expires_in", Why: "it is " + spanTaken + "; 0 is never"}
	case body.ExpiresIn > 0:
		k.Expires = s.Broker.Now().Add(time.Duration(body.ExpiresIn)).UTC().Truncate(time.Microsecond)
	}
	made, plain, err := s.Broker.MakeKey(u.Context(), k)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		deskauth.Key
		Secret string `json:"secret"`
	}{publishedKey(made), plain.Reveal()})
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

func publishedKey(k broker.Key) deskauth.Key {
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
