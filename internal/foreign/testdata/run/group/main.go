// Command group does what the README of go-zendesk shows: it makes a group at
// https://acme.zendesk.com with an API token, and prints its name.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/nukosuke/go-zendesk/zendesk"
)

func main() {
	client, err := zendesk.NewClient(nil)
	if err == nil {
		err = client.SetSubdomain("acme")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	client.SetCredential(zendesk.NewAPITokenCredential("admin@acme.example", "demo-api-token-of-acme"))
	group, err := client.CreateGroup(context.Background(), zendesk.Group{
		Name: "support team",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(group.Name)
}
