package brokerhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// clientRoutes are those by which an admin's program looks after the OAuth clients.
// A secret goes in and never comes out.
var clientRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/clients", broker.Admin, (*site).listClients},
	{http.MethodPost, apiPath + "/clients", broker.Admin, (*site).addClient},
	{http.MethodGet, apiPath + "/clients/{id}", broker.Admin, (*site).showClient},
	{http.MethodDelete, apiPath + "/clients/{id}", broker.Admin, (*site).removeClient},
	{http.MethodPost, apiPath + "/clients/{id}/secrets", broker.Admin, (*site).rollSecret},
	{http.MethodDelete, apiPath + "/clients/{id}/secrets/{number}", broker.Admin, (*site).removeSecret},
	{http.MethodDelete, apiPath + "/clients/{id}/circuits/{account}", broker.Admin, (*site).closeCircuit},
}

// errNoClient says that there is no client, or no secret, of the number in the path.
var errNoClient = errors.New("there is no such client")

func ofClient(err error) error {
	if errors.Is(err, broker.ErrNotFound) {
		return errNoClient
	}
	return err
}

// clientProblem is what problemOf says of clients.
func clientProblem(err error) (p problem, ofClient bool) {
	var there *broker.ClientThere
	var used *broker.ClientInUse
	var only *broker.OnlySecret
	switch {
	case errors.Is(err, errNoClient):
		return problem{Type: "not_found", Title: "There is no such client, or it has no such secret or circuit", Status: http.StatusNotFound}, true
	case errors.As(err, &there):
		return problem{Type: "client_exists", Title: "There is that client already", Status: http.StatusConflict, Detail: there.Error(), Client: int64(there.ID)}, true
	case errors.As(err, &used):
		return problem{Type: "client_in_use", Title: "Connections are of this client", Status: http.StatusConflict, Detail: used.Error() + "; force=true removes them too", Client: int64(used.ID)}, true
	case errors.As(err, &only):
		return problem{Type: "only_secret", Title: "It is the only secret", Status: http.StatusConflict, Detail: only.Error() + "; force=true removes it", Client: int64(only.ID)}, true
	}
	return problem{}, false
}

// client is the number in the path.
func (u use) client() (broker.ClientID, error) {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNoClient
	}
	httpd.Note(u.Context(), slog.Int64("client", id))
	return broker.ClientID(id), nil
}

func (s *site) listClients(w http.ResponseWriter, u use) error {
	list := func(after broker.ClientID, limit int) ([]broker.ClientState, error) {
		return s.Broker.Clients(u.Context(), after, limit)
	}
	all, next, err := part(u, list, func(c broker.ClientState) broker.ClientID { return c.ID })
	if err != nil {
		return err
	}
	page := deskauth.OAuthClientPage{Clients: []deskauth.OAuthClient{}, NextCursor: next}
	for _, c := range all {
		page.Clients = append(page.Clients, PublishedClient(c))
	}
	return writeJSON(w, http.StatusOK, page)
}

func (s *site) showClient(w http.ResponseWriter, u use) error {
	id, err := u.client()
	if err != nil {
		return err
	}
	return s.answerClient(w, u, http.StatusOK, id)
}

func (s *site) answerClient(w http.ResponseWriter, u use, status int, id broker.ClientID) error {
	c, err := s.Broker.ClientState(u.Context(), id)
	if err != nil {
		return ofClient(err)
	}
	return writeJSON(w, status, PublishedClient(c))
}

func (s *site) addClient(w http.ResponseWriter, u use) error {
	var body struct {
		Account, Product, Identifier, Secret string
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	c, err := s.Broker.AddClient(u.Context(), u.key.Actor(), broker.NewClient{
		Account: body.Account, Product: broker.Product(body.Product), Identifier: body.Identifier, Secret: secret.Of(body.Secret),
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", apiPath+"/clients/"+strconv.FormatInt(int64(c.ID), 10))
	return s.answerClient(w, u, http.StatusCreated, c.ID)
}

func (s *site) rollSecret(w http.ResponseWriter, u use) error {
	id, err := u.client()
	if err != nil {
		return err
	}
	var body struct {
		Secret  string
		Last    bool
		DropOld bool `json:"drop_old"`
	}
	if err := readBody(u.Request, &body); err != nil {
		return err
	}
	if _, err := s.Broker.RollSecret(u.Context(), u.key.Actor(), id, secret.Of(body.Secret), broker.Roll{Last: body.Last, DropOld: body.DropOld}); err != nil {
		return ofClient(err)
	}
	return s.answerClient(w, u, http.StatusOK, id)
}

func (s *site) removeSecret(w http.ResponseWriter, u use) error {
	id, force, err := u.removal()
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(u.PathValue("number"), 10, 64)
	if err != nil {
		return errNoClient
	}
	if _, err := s.Broker.RemoveSecret(u.Context(), u.key.Actor(), id, number, force); err != nil {
		return ofClient(err)
	}
	return s.answerClient(w, u, http.StatusOK, id)
}

// closeCircuit has the client tried again at once where it was refused.
func (s *site) closeCircuit(w http.ResponseWriter, u use) error {
	id, err := u.client()
	if err != nil {
		return err
	}
	account := u.PathValue("account")
	if zendesk.CheckSubdomain(account) != nil {
		return errNoClient
	}
	if err := s.Broker.CloseCircuit(u.Context(), u.key.Actor(), id, account); err != nil {
		return ofClient(err)
	}
	return s.answerClient(w, u, http.StatusOK, id)
}

func (s *site) removeClient(w http.ResponseWriter, u use) error {
	id, force, err := u.removal()
	if err != nil {
		return err
	}
	gone, err := s.Broker.RemoveClient(u.Context(), u.key.Actor(), id, force)
	if err != nil {
		return ofClient(err)
	}
	return writeJSON(w, http.StatusOK, deskauth.ClientRemoval{Connections: gone})
}

// removal is the client that something is to be removed of, and whether force=true
// was said.
func (u use) removal() (id broker.ClientID, force bool, err error) {
	if id, err = u.client(); err != nil {
		return 0, false, err
	}
	switch u.URL.Query().Get("force") {
	case "", "false":
		return id, false, nil
	case "true":
		return id, true, nil
	}
	return 0, false, &broker.Invalid{Field: "force", Why: "it is true or false"}
}

// PublishedClient is a client as other programs see it.
func PublishedClient(c broker.ClientState) deskauth.OAuthClient {
	out := deskauth.OAuthClient{
		ID: int64(c.ID), Account: c.Account, Product: string(c.Product), Identifier: c.Identifier, Public: c.Public(),
		Secrets: []deskauth.ClientSecret{}, Circuits: []deskauth.Circuit{}, Connections: c.Connections,
	}
	for _, s := range c.Secrets {
		out.Secrets = append(out.Secrets, deskauth.ClientSecret{Number: s.Number, AddedAt: orNil(s.Added), WorkedAt: orNil(s.Worked)})
	}
	for _, one := range c.Circuits {
		out.Circuits = append(out.Circuits, deskauth.Circuit{
			Account: one.Account, OpenedAt: one.OpenedAt, RetryAt: one.RetryAt, Failures: one.Failures, Reason: string(one.Reason),
		})
	}
	return out
}
