// Command me asks Zendesk who it is, as a Go program does that knows nothing of deskauth.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
)

func main() {
	ask, err := http.NewRequest(http.MethodGet, "https://acme.zendesk.com/api/v2/users/me.json", nil)
	if err != nil {
		log.Fatal(err)
	}
	ask.SetBasicAuth("admin@acme.example/token", "demo-api-token-of-acme")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var me struct{ User struct{ Email string } }
	if err := json.NewDecoder(answer.Body).Decode(&me); err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.User.Email)
}
