package live

import (
	"fmt"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

// picture is the flow through this very town: who can talk to whom. Everything
// is in pixels.
type picture struct {
	Width, Height int
	Boxes         []box
	Hops          []hop
	Words         string // the picture for who cannot see it
	Routed        bool   // calls go through the gateway
}

// box is where a party stands.
type box struct {
	At         place
	X, Y, W, H int
	Name, Does string
	Small, Off bool // Off: nothing passes it as things are
	Faults     int
	Chosen     bool // the journal is narrowed to it
}

// hop is a way a request can go.
type hop struct {
	From, To place
	Path     string // of SVG
	Kind     string // class: sign, call, detour or quiet
}

// The columns of the picture: who asks, the front, the portal, the servers.
const (
	pictureWidth = 1040
	askX, askW   = 14, 132
	doorX, doorW = 262, 168
	midX, midW   = 534, 156
	farX, farW   = 808, 196
	tall         = 50 // height of a box
	attached     = 30 // of an authorization server under its server
	below        = 24 // what is between boxes that belong to different parties
	topY         = 34
	many         = 4 // servers: more of them are drawn small
)

// drawing is a picture while it is drawn.
type drawing struct {
	picture
	rows map[place]box
}

// draw draws a town: routed says whether calls go through the gateway, ailing
// how many faults are set at each party.
func draw(w fixtures.World, routed bool, ailing map[trace.Party]int, chosen place) picture {
	d := &drawing{picture: picture{Width: pictureWidth, Routed: routed}, rows: map[place]box{}}
	bottom := d.servers(w)
	middle := max(topY+2*tall+2*below, (topY+bottom)/2-tall/2)
	low := max(middle+tall+2*below+10, bottom-tall)
	d.put(box{At: browsers, X: askX, Y: topY, W: askW, H: tall, Name: "browsers", Does: "people sign in"})
	d.put(box{At: clients, X: askX, Y: middle, W: askW, H: tall, Name: "clients", Does: "want tools"})
	d.put(box{At: "idp", X: doorX, Y: topY, W: doorW, H: tall, Name: "idp", Does: "identity provider"})
	d.put(box{At: "access", X: doorX, Y: middle, W: doorW, H: tall, Name: "access", Does: "the front door"})
	d.put(box{At: "admin", X: doorX, Y: low, W: doorW, H: tall, Name: "admin", Does: "admin API"})
	d.put(box{At: "portal", X: midX, Y: middle, W: midW, H: tall, Name: "portal", Does: "many servers as one"})
	gateway := "calls go round it"
	if routed {
		gateway = "calls go through it"
	}
	d.put(box{At: "gateway", X: midX, Y: low, W: midW, H: tall, Name: "gateway", Does: gateway, Off: !routed})
	d.front()
	for _, s := range w.Servers {
		d.towards(s)
	}
	d.Height = max(bottom, low+tall) + 16
	for i := range d.Boxes {
		d.Boxes[i].Faults = ailing[trace.Party(d.Boxes[i].At)]
		d.Boxes[i].Chosen = d.Boxes[i].At == chosen
	}
	d.Words = d.inWords(w)
	return d.picture
}

func (d *drawing) put(b box) {
	d.Boxes = append(d.Boxes, b)
	d.rows[b.At] = b
}

// servers puts the servers in their column and says where it ends.
func (d *drawing) servers(w fixtures.World) (bottom int) {
	y := topY
	h, below := tall, below
	if len(w.Servers) > many {
		h, below = attached, below/2 // or the picture is too tall to be read
	}
	for _, s := range w.Servers {
		d.put(box{At: place(s.ID), X: farX, Y: y, W: farW, H: h, Name: s.ID, Does: wants(s), Small: h < tall})
		y += h
		if s.Auth == fixtures.OAuth {
			y += 6
			d.put(box{At: place(s.ID + "-as"), X: farX + 22, Y: y, W: farW - 22, H: attached, Name: s.ID + "-as", Does: "authorization", Small: true})
			y += attached
		}
		y += below
	}
	return y - below
}

// wants says which credential a server wants.
func wants(s fixtures.Server) string {
	switch {
	case s.Auth == fixtures.OAuth && s.OnBehalf:
		return "OAuth, each person's"
	case s.Auth == fixtures.OAuth:
		return "OAuth, the admin's"
	case s.Auth == fixtures.Bearer:
		return "a static credential"
	default:
		return "no credential"
	}
}

// front draws the ways that are the same in every town.
func (d *drawing) front() {
	ask, door := askX+askW, doorX+doorW
	b, c := d.rows[browsers], d.rows[clients]
	access, admin, portal, gateway := d.rows["access"], d.rows["admin"], d.rows["portal"], d.rows["gateway"]
	d.way(browsers, "idp", "sign", ask, b.Y+18, doorX)
	d.way(browsers, "access", "sign", ask, b.Y+34, ask+78, access.Y+14, doorX)
	d.way(browsers, "admin", "quiet", ask, b.Y+42, ask+54, admin.Y+18, doorX)
	d.way(clients, "access", "call", ask, c.Y+30, doorX)
	d.way(clients, "admin", "quiet", ask, c.Y+40, ask+30, admin.Y+34, doorX)
	d.way("access", "portal", "call", door, access.Y+30, midX)
	d.way("portal", "access", "quiet", midX, portal.Y+14, door)
	idp := d.rows["idp"]
	d.hop("access", "idp", "sign", [][2]int{{doorX + doorW/2, access.Y}, {doorX + doorW/2, idp.Y + tall}})
	d.hop("portal", "gateway", "detour", [][2]int{{midX + midW/2, portal.Y + tall}, {midX + midW/2, gateway.Y}})
}

// towards draws the ways to a server and to what protects it.
func (d *drawing) towards(s fixtures.Server) {
	id := place(s.ID)
	mid := midX + midW
	portal, gateway, own := d.rows["portal"], d.rows["gateway"], d.rows[id]
	d.way("portal", id, "call", mid, portal.Y+30, mid+54, own.Y+own.H/3, farX)
	d.way("gateway", id, "detour", mid, gateway.Y+30, mid+82, own.Y+own.H*2/3, farX)
	as, ok := d.rows[id+"-as"]
	if !ok {
		return
	}
	d.way("portal", as.At, "sign", mid, portal.Y+16, mid+28, as.Y+attached/2, as.X)
	b := d.rows[browsers]
	right := pictureWidth - 12
	d.hop(browsers, as.At, "sign", [][2]int{
		{b.X + b.W/2, b.Y}, {b.X + b.W/2, 14}, {right, 14}, {right, as.Y + attached/2}, {as.X + as.W, as.Y + attached/2},
	})
}

// way is a hop between columns: from a point straight to the right or left, or
// by a lane of its own between them: x, y, lane, y, x.
func (d *drawing) way(from, to place, kind string, x, y int, on ...int) {
	points := [][2]int{{x, y}}
	if len(on) == 1 {
		points = append(points, [2]int{on[0], y})
	} else {
		lane, last, end := on[0], on[1], on[2]
		points = append(points, [2]int{lane, y}, [2]int{lane, last}, [2]int{end, last})
	}
	d.hop(from, to, kind, points)
}

func (d *drawing) hop(from, to place, kind string, points [][2]int) {
	d.Hops = append(d.Hops, hop{From: from, To: to, Kind: kind, Path: rounded(points)})
}

// rounded is a path through points, with its corners rounded.
func rounded(points [][2]int) string {
	const radius = 7
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", points[0][0], points[0][1])
	for i := 1; i < len(points)-1; i++ {
		p := points[i]
		in, out := towardsPoint(p, points[i-1], radius), towardsPoint(p, points[i+1], radius)
		fmt.Fprintf(&b, "L%d %dQ%d %d %d %d", in[0], in[1], p[0], p[1], out[0], out[1])
	}
	last := points[len(points)-1]
	fmt.Fprintf(&b, "L%d %d", last[0], last[1])
	return b.String()
}

// towardsPoint goes from p towards q, but not more than half the way.
func towardsPoint(p, q [2]int, by int) [2]int {
	for axis := range 2 {
		switch distance := q[axis] - p[axis]; {
		case distance > 0:
			p[axis] += min(by, distance/2)
		case distance < 0:
			p[axis] -= min(by, -distance/2)
		}
	}
	return p
}

// inWords is the picture for who cannot see it.
func (d *drawing) inWords(w fixtures.World) string {
	said := "Clients and browsers come to access, the front door. It signs people in at the identity provider and sends requests on to the portal. "
	if d.Routed {
		said += "Calls go from the portal through the gateway to the servers; background sync goes straight to them: "
	} else {
		said += "The portal asks the servers; the gateway is not passed: "
	}
	var all []string
	for _, s := range w.Servers {
		all = append(all, fmt.Sprintf("%s (%s)", s.ID, wants(s)))
	}
	return said + strings.Join(all, ", ") + "."
}

// Kinds are the kinds of hops.
func (picture) Kinds() []string { return []string{"call", "sign", "detour", "quiet"} }

// Hover is what is said of a hop where a pointer rests.
func (h hop) Hover() string {
	return strings.Trim(string(h.From), "()") + " → " + strings.Trim(string(h.To), "()")
}

// Label is what a box is called to who cannot see it.
func (b box) Label() string {
	said := fmt.Sprintf("%s, %s: show its exchanges", b.Name, b.Does)
	if b.Faults > 0 {
		said = fmt.Sprintf("%s, %s, %d faults set: show its exchanges", b.Name, b.Does, b.Faults)
	}
	return said
}

// Mid is the middle of the box, Right its far edge.
func (b box) Mid() int   { return b.X + b.W/2 }
func (b box) Right() int { return b.X + b.W }

// NameY and DoesY are the base lines of its two lines of text.
func (b box) NameY() int { return b.Y + 21 }
func (b box) DoesY() int { return b.Y + 38 }
