package brokerhttp

import (
	"errors"
	"net/http"

	"github.com/deskauth/deskauth/internal/broker"
)

// keyRoutes are those by which keys are looked after.
var keyRoutes = []apiRoute{
	{http.MethodDelete, apiPath + "/keys/current", anyPower, (*site).endOwnKey},
}

// endOwnKey lets a program end the key that it holds: when its person signs out.
func (s *site) endOwnKey(w http.ResponseWriter, u use) error {
	err := s.Broker.EndKey(u.Context(), u.key.ID)
	if errors.Is(err, broker.ErrNotFound) { // it ended a moment ago
		err = broker.ErrKeyRefused
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
