package mutants

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

var _ = add(Mutant{
	ID: "registers-by-hand", Says: "Registers no client of its own, and uses one that somebody else registered.",
	Breaks:    []string{"UO-05"},
	Also:      []string{"UO-02"}, // what it registered is not seen
	Tampering: tampering(byHand),
})

// byHand gives the portal a client that was registered from elsewhere.
func byHand(c *reference.Config) {
	mail := server(c, "mail")
	if mail == nil {
		return
	}
	body, _ := json.Marshal(map[string]any{
		"client_name": "made by hand", "redirect_uris": []string{c.Origin + "/servers-callback", c.AdminOrigin + "/servers-callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none",
	})
	res, err := c.Door.Post("https://mail-as.example/register", "application/json", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusCreated {
		panic(string(said))
	}
	id, _ := read(said)["client_id"].(string)
	mail.Manual = &credential.Registration{ClientID: id}
}
