package brokerhttp

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// keyPages are those of the broker's keys.
var keyPages = []boardRoute{
	{web.PathKeys, operators, serving{"GET": (*site).keyList, "POST": (*site).keyMade}},
	{web.PathKeys + "/new", operators, serving{"GET": (*site).keyForm}},
	{web.PathKeys + "/{id}/revoke", operators, serving{"GET": (*site).keyAsked, "POST": (*site).keyRevoked}},
}

// keyDays is how long a key is good unless somebody chooses otherwise.
const keyDays = "90"

// number is a number in the path; ErrNotFound for what is none.
func (v visit) number(name string) (int64, error) {
	n, err := strconv.ParseInt(v.PathValue(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, broker.ErrNotFound
	}
	return n, nil
}

// keyList is GET /keys.
func (s *site) keyList(w http.ResponseWriter, v visit) error {
	query := v.URL.Query()
	before, err := readCursor(query.Get(web.FieldBefore))
	if err != nil {
		return broker.ErrNotFound
	}
	p := web.Keys{Board: s.boardPage(v), Over: query.Get(web.FieldOver) != ""}
	found, err := s.Broker.FoundKeys(v.Context(), v.viewer, p.Over, broker.KeyID(before), listPage)
	if err != nil {
		return err
	}
	called := s.names()
	for _, k := range found.Keys {
		row := keyRow(k)
		if row.Maker, err = called.who(v.Context(), k.Maker); err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if found.More {
		last := found.Keys[len(found.Keys)-1].ID
		p.Older = web.Within(web.PathKeys, web.FieldOver, query.Get(web.FieldOver), web.FieldBefore, writeCursor(int64(last)))
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

func keyRow(k broker.KeyShown) web.KeyRow {
	row := web.KeyRow{
		ID: int64(k.ID), Name: k.Name, Created: k.Created, From: int64(k.From),
		Expires: k.Expires, Used: k.LastUsed, Ended: k.Ended,
	}
	for _, p := range k.Can {
		row.Can = append(row.Can, string(p))
	}
	for _, id := range k.Connections {
		row.Connections = append(row.Connections, int64(id))
	}
	return row
}

// keyForm is GET /keys/new.
func (s *site) keyForm(w http.ResponseWriter, v visit) error {
	web.Render(w, http.StatusOK, web.NewKey{Board: s.boardPage(v), Form: web.KeyForm{Life: keyDays}})
	return nil
}

// keyMade is POST /keys: it makes a key, and its answer shows it.
func (s *site) keyMade(w http.ResponseWriter, v visit) error {
	p := web.NewKey{Board: s.boardPage(v), Form: web.KeyForm{
		Name: v.PostForm.Get(web.FieldName), Can: v.PostForm[web.FieldCan], Reach: v.PostForm.Get(web.FieldReach), Life: v.PostForm.Get(web.FieldKeyLife),
	}}
	steering, err := s.Broker.Steer(v.viewer)
	if err != nil {
		return err
	}
	asked, err := s.keyOf(p.Form)
	if err == nil {
		err = s.makeAndShow(w, v, steering, asked)
	}
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		p.Wrong = invalid.Field
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	}
	return err
}

func (s *site) makeAndShow(w http.ResponseWriter, v visit, steering broker.Steering, asked broker.Key) error {
	made, plain, err := steering.MakeKey(v.Context(), asked)
	if err != nil {
		return err
	}
	web.Render(w, http.StatusOK, web.Shown{
		Board: s.boardPage(v), Name: made.Name, Secret: plain.Reveal(), Site: s.PublicURL.Scheme + "://" + s.PublicURL.Host, Try: tried(made),
	})
	return nil
}

// keyOf reads what was typed of a key.
func (s *site) keyOf(f web.KeyForm) (broker.Key, error) {
	k := broker.Key{Name: f.Name}
	for _, can := range f.Can {
		k.Can = append(k.Can, broker.Power(can))
	}
	numbers := strings.FieldsFunc(f.Reach, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' })
	for _, text := range numbers {
		id, err := broker.ParseConnectionID(text)
		if err != nil {
			return k, &broker.Invalid{Field: web.FieldReach, Why: "it is numbers of connections"}
		}
		k.Connections = append(k.Connections, id)
	}
	days, err := strconv.Atoi(f.Life)
	if err != nil || days < 0 || time.Duration(days)*24*time.Hour > keyLongest {
		return k, &broker.Invalid{Field: web.FieldKeyLife, Why: "it is a number of days"}
	}
	if days > 0 {
		k.Expires = s.Broker.Now().AddDate(0, 0, days).UTC().Truncate(time.Microsecond)
	}
	return k, nil
}

// tried is a path of the API that the key may read, to try it with.
func tried(k broker.Key) string {
	switch {
	case k.Allows(broker.Lend, 0):
		return apiPath + "/connections"
	case slices.Contains(k.Can, broker.Link):
		return apiPath + "/links"
	}
	return apiPath + "/passes"
}

// keyAsked is GET /keys/{id}/revoke: whether somebody is sure.
func (s *site) keyAsked(w http.ResponseWriter, v visit) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	k, err := s.Broker.KeyShown(v.Context(), v.viewer, broker.KeyID(id))
	switch {
	case err != nil:
		return err
	case !k.Ended.IsZero():
		return broker.ErrNotFound
	}
	web.Render(w, http.StatusOK, web.EndKey{Board: s.boardPage(v), Row: keyRow(k)})
	return nil
}

// keyRevoked is POST /keys/{id}/revoke.
func (s *site) keyRevoked(w http.ResponseWriter, v visit) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	steering, err := s.Broker.Steer(v.viewer)
	if err == nil {
		err = steering.EndKey(v.Context(), broker.KeyID(id))
	}
	if err != nil {
		return err
	}
	return see(w, web.Within(web.PathKeys, web.FieldDone, string(web.KeyRevoked)))
}
