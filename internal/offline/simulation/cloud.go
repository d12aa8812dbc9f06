package simulation

// Cloud is one simulated cloud.
type Cloud struct {
	// Name is the name of the plugin, and Version that of the SDK which programs are built with, because the engine
	// refuses an older plugin.
	Name, Version string
	// Inputs lists the inputs of every type, a line each: the token, a tab, and the properties with a space between
	// them. A required one ends in "!". The provider's own line has the token "pulumi:providers:NAME".
	Inputs string
	// Types are the resource types that there are, by token.
	Types map[string]Type
	// Functions are the invokes that there are, by token.
	Functions map[string]Function
	// Settings makes the values that every template may use out of the provider's arguments, such as region and account.
	Settings func(arguments Object) (Object, error)
	// Labels is the path of the provider's argument that holds tags for everything.
	Labels string
	// Kubernetes is the API server of every cluster; the zero value is none.
	Kubernetes Kubernetes
	// Cluster is the token of the type that is a Kubernetes cluster.
	Cluster string
	// Inhabitant tells what an object in a cluster made in the cloud.
	Inhabitant func(o *Operation, cluster Entry, i Inhabitant) []Entry
}

// Object is a set of properties in plain values: bool, float64, string, []any and Object.
type Object = map[string]any

// Function answers an invoke.
type Function func(settings, arguments Object) (Object, error)

// Type is a type of resource. Paths have dots between keys, and * for every element of a list. Templates are strings
// with {names} in them: see [Operation.Render].
type Type struct {
	// Replace are the paths whose change makes another resource.
	Replace []string
	// Defaults are inputs that the provider fills in.
	Defaults Object
	// Auto is the property that gets the logical name and seven hexadecimal digits where the program gives none.
	Auto string
	// Texts are rules on the values of single properties.
	Texts []Text
	// Policies are the paths of policy documents in JSON.
	Policies []string
	// Unique are combinations that no two resources of the type have alike.
	Unique []Unique
	// References are properties that name other resources.
	References []Reference
	// Ranges are properties that are address ranges.
	Ranges []Range
	// Rules are checked when the resource is made or changed, and Last when it is deleted, before anything else is done.
	Rules, Last []Rule

	// ID is the template of the id, and Name that of the name which people know the resource by.
	ID, Name string
	// Outputs are templates of properties that the program has not given. Those in Fresh change with every update. Those
	// that begin with "__" are for References and Rules alone: the program does not see them.
	Outputs Object
	Fresh   []string
	// Tags is the property that holds tags or labels; AllTags are those that hold them with the provider's; none: it takes
	// no tags from the provider.
	Tags    string
	AllTags []string
	// Secret are properties that are kept as a hash only, and are secret in state.
	Secret []string
	// Sides are what the service makes along with it, and takes away with it.
	Sides []Side

	// Held is what the service says when it refuses a delete because something depends on the resource.
	Held string
	// Guards refuse a delete while a property is true.
	Guards []Guard
	// Abandons is the value of the property deletionPolicy with which a delete leaves the resource where it is.
	Abandons string
	// Adopts says that a create takes over what is there already, as the service or the plugin does.
	Adopts bool
	// Remains tells why the resource still takes its name after its delete; empty: it does not. May be nil.
	Remains func(e Entry) string
	// Foreign says that the program cannot make it: the cluster or the service does.
	Foreign bool
}

// Text is a rule on a string. What is zero is not checked.
type Text struct {
	Path     string
	Min, Max int
	// Pattern must match the whole value.
	Pattern string
	// Words are the values that there are.
	Words []string
	// Fault is what the service says; {value} is the value. Empty: the rule in plain words.
	Fault string
}

// Unique is a combination of properties that only one resource has.
type Unique struct {
	// By are paths of the properties, or of settings. A resource that lacks the first one is not looked at.
	By []string
	// Taken is what the service says; {value} is the value of the first path, {id} the id. Gone is what it says where the
	// other was deleted, but still takes the name; empty: the same.
	Taken, Gone string
}

// Reference is a property that names other resources.
type Reference struct {
	// Path leads to the name, or names.
	Path string
	// To are the types that may be meant.
	To []string
	// By are the properties of the other that the name may be; empty: its id.
	By []string
	// Take is a pattern whose first group is the name; what does not match is no reference. Empty: the whole value.
	Take string
	// Provided is a pattern of names that the cloud itself provides.
	Provided string
	// Absent is what the service says where there is none; {value} is the name.
	Absent string
	// Then is what becomes of the resource when the other is to be deleted.
	Then Fate
}

// Fate is what happens to a resource when one is to be deleted that it refers to.
type Fate int

const (
	// Holds refuses the delete.
	Holds Fate = iota
	// Falls deletes it along.
	Falls
	// Stays leaves it with a name that is nobody's.
	Stays
)

// Range is a property that is an IPv4 range.
type Range struct {
	// Path leads to the range, or ranges.
	Path string
	// Shortest and Longest bound the length of the prefix.
	Shortest, Longest int
	// Within is a template of the range that it must be in; empty: any.
	Within string
	// Among are paths whose ranges it must not overlap, in this resource and in every other of the type that has the same
	// value at Same.
	Among []string
	Same  string
	// Malformed, Outside and Overlapping are what the service says; {value} is the range.
	Malformed, Outside, Overlapping string
}

// Guard refuses a delete.
type Guard struct {
	// Path is the property that must be true to refuse.
	Path string
	// Says is what the service says.
	Says string
}

// Side is a resource that the service makes along with another.
type Side struct {
	Type string
	// ID is a template, and so are the strings in Properties.
	ID         string
	Properties Object
}

// Rule is a rule that no table can say.
type Rule func(o *Operation) error
