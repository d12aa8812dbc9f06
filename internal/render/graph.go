package render

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"plinth/internal/record"
)

const (
	// mostNames is how many objects of one kind a component shows by name.
	mostNames = 4
	// widest is how many components of one type stand side by side; more of them make a block.
	widest = 3
)

// styles of the picture.
const styles = `direction: down
classes: {
  component: {style: {fill: "#eef2fb"; stroke: "#3b5998"; border-radius: 8; font-size: 22; bold: true}}
  resource: {style: {fill: "#ffffff"; stroke: "#9aa8c7"; border-radius: 4; font-size: 15; bold: false}}
}
`

// graph describes a recording in the d2 language: components as containers of what they hold, and an arrow from each to
// those that it needs directly, so that what others build on is at the bottom.
func graph(rec *record.Recording) string {
	g := &diagram{children: map[resource.URN][]*record.Resource{}}
	for _, r := range rec.Ordered() {
		g.children[r.Parent] = append(g.children[r.Parent], r)
	}
	g.text.WriteString(styles)
	var roots []*record.Resource
	for _, stack := range g.children[""] {
		roots = append(roots, g.children[stack.URN]...)
	}
	arrows := direct(needs(rec, roots))
	ids := map[resource.URN]string{}
	for i, crowd := range crowds(roots, arrows) {
		id := "n" + strconv.Itoa(i+1)
		for _, r := range crowd {
			ids[r.URN] = id
		}
		if len(crowd) == 1 {
			g.node(crowd[0], id, "")
			continue
		}
		g.container(id, what(crowd[0])+" × "+strconv.Itoa(len(crowd)), len(crowd), "")
		for i, r := range crowd {
			g.node(r, "n"+strconv.Itoa(i+1), "  ")
		}
		g.text.WriteString("}\n")
	}
	drawn := map[string]bool{}
	for _, root := range roots {
		for _, to := range slices.Sorted(maps.Keys(arrows[root.URN])) {
			if arrow := ids[root.URN] + " -> " + ids[to]; !drawn[arrow] {
				drawn[arrow] = true
				fmt.Fprintln(&g.text, arrow)
			}
		}
	}
	return g.text.String()
}

// crowds puts components of one type that have the same arrows, and are more than a picture is wide, together; each of
// the others is alone.
func crowds(roots []*record.Resource, arrows edges) [][]*record.Resource {
	alike := func(r *record.Resource) string {
		var to, from []resource.URN
		for _, other := range roots {
			if arrows[r.URN][other.URN] {
				to = append(to, other.URN)
			}
			if arrows[other.URN][r.URN] {
				from = append(from, other.URN)
			}
		}
		return fmt.Sprint(r.Type, to, from)
	}
	members := map[string][]*record.Resource{}
	for _, r := range roots {
		members[alike(r)] = append(members[alike(r)], r)
	}
	var found [][]*record.Resource
	for _, r := range roots {
		switch crowd := members[alike(r)]; {
		case len(crowd) <= widest:
			found = append(found, []*record.Resource{r})
		case crowd[0] == r:
			found = append(found, crowd)
		}
	}
	return found
}

// diagram is a description in the making.
type diagram struct {
	text     strings.Builder
	children map[resource.URN][]*record.Resource
}

// container begins a component with as many boxes.
func (g *diagram) container(id, title string, boxes int, indent string) {
	columns := int(math.Ceil(math.Sqrt(float64(boxes))))
	fmt.Fprintf(&g.text, "%s%s: %s {\n%s  class: component\n%s  grid-columns: %d\n%s  grid-gap: 16\n",
		indent, id, quoted(title), indent, indent, columns, indent)
}

// node describes a resource and what is in it.
func (g *diagram) node(r *record.Resource, id, indent string) {
	children := g.children[r.URN]
	if len(children) == 0 {
		g.box(id, r, []*record.Resource{r}, indent)
		return
	}
	var kinds []string
	ofKind := map[string][]*record.Resource{}
	var nested []*record.Resource
	for _, child := range children {
		if len(g.children[child.URN]) > 0 {
			nested = append(nested, child)
			continue
		}
		if ofKind[what(child)] == nil {
			kinds = append(kinds, what(child))
		}
		ofKind[what(child)] = append(ofKind[what(child)], child)
	}
	g.container(id, title(r), len(kinds)+len(nested), indent)
	for i, kind := range kinds {
		g.box("k"+strconv.Itoa(i+1), r, ofKind[kind], indent+"  ")
	}
	for i, child := range nested {
		g.node(child, "n"+strconv.Itoa(i+1), indent+"  ")
	}
	fmt.Fprintf(&g.text, "%s}\n", indent)
}

// box describes resources of one kind in a component.
func (g *diagram) box(id string, in *record.Resource, of []*record.Resource, indent string) {
	label := what(of[0])
	if len(of) > 1 {
		label += " × " + strconv.Itoa(len(of))
	}
	shown := of
	if len(of) > mostNames {
		shown = of[:mostNames-1]
	}
	for _, r := range shown {
		name := objectName(r)
		if name == "" {
			name = strings.TrimPrefix(r.Name, in.Name+"-")
		}
		// Many a component holds one thing, of its own name.
		if !strings.HasSuffix(label, " "+name) {
			label += "\n" + name
		}
	}
	if more := len(of) - len(shown); more > 0 {
		label += "\nand " + strconv.Itoa(more) + " more"
	}
	fmt.Fprintf(&g.text, "%s%s: %s {class: resource}\n", indent, id, quoted(label))
}

// what kind of thing a resource is, for people.
func what(r *record.Resource) string {
	if k := kind(r); k != "" {
		return k
	}
	if provider, ok := strings.CutPrefix(string(r.Type), "pulumi:providers:"); ok {
		return "Provider " + provider
	}
	return string(r.Type.Name())
}

// title of a component: what it is and its name, where that says more.
func title(r *record.Resource) string {
	if strings.EqualFold(what(r), r.Name) {
		return what(r)
	}
	return what(r) + " " + r.Name
}

// quoted is a string in the d2 language: in double quotes, a line break as \n. A dollar sign would begin a variable.
func quoted(text string) string {
	return strings.ReplaceAll(strconv.Quote(text), "$", `\$`)
}

// edges say which of the outermost resources needs which.
type edges map[resource.URN]map[resource.URN]bool

// needs finds the edges between the outermost resources: what anything in one needs of anything in another.
func needs(rec *record.Recording, roots []*record.Resource) edges {
	found, owner := edges{}, map[resource.URN]resource.URN{}
	for _, root := range roots {
		found[root.URN] = map[resource.URN]bool{}
	}
	for _, r := range rec.Ordered() {
		// Parents come first, so that theirs is known.
		owner[r.URN] = owner[r.Parent]
		if found[r.URN] != nil {
			owner[r.URN] = r.URN
		}
		for _, need := range r.Needs() {
			if from, to := owner[r.URN], owner[need]; from != "" && to != "" && from != to {
				found[from][to] = true
			}
		}
	}
	return found
}

// direct leaves out the edges that follow from others, except where components need parts of each other.
func direct(all edges) edges {
	beyond := edges{}
	for from := range all {
		beyond[from] = map[resource.URN]bool{}
		all.reach(from, beyond[from])
	}
	left := edges{}
	for from, tos := range all {
		left[from] = map[resource.URN]bool{}
		for to := range tos {
			left[from][to] = true
			for over := range tos {
				if over != to && beyond[over][to] && !beyond[over][from] {
					delete(left[from], to)
				}
			}
		}
	}
	return left
}

// reach adds to found what from needs, directly or not.
func (e edges) reach(from resource.URN, found map[resource.URN]bool) {
	for to := range e[from] {
		if !found[to] {
			found[to] = true
			e.reach(to, found)
		}
	}
}
