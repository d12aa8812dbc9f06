package gcp

import (
	"strings"

	"plinth/internal/offline/simulation"
)

// projectTypes are what belongs to a project as a whole: APIs and permissions.
func projectTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		"gcp:projects/service:Service": {
			Replace: []string{"project", "service"}, Defaults: object{"disableOnDestroy": true}, Adopts: true,
			Texts: []simulation.Text{{Path: "service", Pattern: `[a-z0-9.-]+\.(googleapis\.com|cloud\.goog)`}},
			Rules: []simulation.Rule{switchOn}, Last: []simulation.Rule{switchOff},
			ID: "{project}/{service}", Name: "{service}", Outputs: object{"project": "{project}"},
		},
		apiType: {Foreign: true}, poolType: {Foreign: true},
		"gcp:projects/serviceIdentity:ServiceIdentity": {
			Replace: []string{"project", "service"}, Adopts: true, Rules: []simulation.Rule{serviceEnabled, agentName},
			ID: "projects/{project}/services/{service}", Name: "{service}", Outputs: object{"project": "{project}"},
		},
		"gcp:projects/iAMMember:IAMMember": member("{project}", "cloudresourcemanager",
			simulation.Type{Replace: []string{"project"}}),
	}
}

// switchOn remembers that an API is on. It stays on when the program gives it up, unless that says otherwise:
// https://www.pulumi.com/registry/packages/gcp/api-docs/projects/service/.
func switchOn(o *simulation.Operation) error {
	id := o.Text("project") + "/" + o.Text("service")
	o.Put(simulation.Entry{Type: apiType, ID: id, Name: o.Text("service"), Left: "the API is switched on in the project"})
	return nil
}

func switchOff(o *simulation.Operation) error {
	if o.Value("disableOnDestroy") == true {
		o.Drop(apiType, o.Text("project")+"/"+o.Text("service"))
	}
	return nil
}

func serviceEnabled(o *simulation.Operation) error {
	return enabled(strings.TrimSuffix(o.Text("service"), ".googleapis.com"))(o)
}

// agentName is the account that a service acts as: https://cloud.google.com/iam/docs/service-agents.
func agentName(o *simulation.Operation) error {
	domain := "gcp-sa-" + strings.TrimSuffix(o.Text("service"), ".googleapis.com")
	switch o.Text("service") {
	case "container.googleapis.com":
		domain = "container-engine-robot"
	case "compute.googleapis.com":
		domain = "compute-system"
	case "sqladmin.googleapis.com":
		domain = "gcp-sa-cloud-sql"
	}
	email := "service-" + number(o.Text("project")) + "@" + domain + ".iam.gserviceaccount.com"
	o.Entry.Outputs["email"], o.Entry.Outputs["member"] = email, "serviceAccount:"+email
	return nil
}

// member is what every type that lets one member do something has in common. on is a template of what it is about.
func member(on, api string, t simulation.Type) simulation.Type {
	t.Replace = append(t.Replace, "member", "role", "condition")
	t.Texts = append(t.Texts,
		simulation.Text{Path: "role", Pattern: `((projects|organizations)/[^/]+/)?roles/[A-Za-z0-9_.]+`},
		simulation.Text{
			Path: "member", Pattern: `(user|group|domain|serviceAccount|principal|principalSet|deleted|projectOwner|` +
				`projectEditor|projectViewer):.+|allUsers|allAuthenticatedUsers`,
		})
	t.References = append(t.References, simulation.Reference{
		Path: "member", To: []string{accountType}, By: []string{"email"}, Then: simulation.Stays,
		Take:     `^serviceAccount:([^@]+@[^.]+\.iam\.gserviceaccount\.com)$`,
		Provided: `(service-|cmek-p)[0-9]+@.+`, Absent: "Error 400: Service account {value} does not exist., badRequest",
	})
	t.Rules = append([]simulation.Rule{enabled(api), agentExists("member"), poolExists}, t.Rules...)
	t.ID, t.Name, t.Adopts = on+"/{role}/{member}", "{member} {role}", true
	outputs := object{"etag": "{hex:12}"}
	for key, v := range t.Outputs {
		outputs[key] = v
	}
	t.Outputs = outputs
	return t
}

// agentExists refuses the account of a service of another project, or of an API that is not switched on.
func agentExists(path string) simulation.Rule {
	return func(o *simulation.Operation) error {
		email, ok := strings.CutPrefix(o.Text(path), "serviceAccount:service-")
		if !ok {
			return nil
		}
		project := o.Entry.Text("project")
		owner, domain, _ := strings.Cut(email, "@")
		api := strings.TrimSuffix(strings.TrimPrefix(domain, "gcp-sa-"), ".iam.gserviceaccount.com")
		switch api {
		case "container-engine-robot":
			api = "container"
		case "compute-system":
			api = "compute"
		case "cloud-sql":
			api = "sqladmin"
		case "gs-project-accounts":
			api = "storage"
		}
		if owner != number(project) || !o.Known(apiType, project+"/"+api+".googleapis.com") {
			return o.Refuse("Error 400: Service account service-%s does not exist., badRequest", email)
		}
		return nil
	}
}

// poolExists refuses service accounts of Kubernetes in a project that has never had a cluster which knows them:
// https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity.
func poolExists(o *simulation.Operation) error {
	_, after, found := strings.Cut(o.Text("member"), "/workloadIdentityPools/")
	pool, _, _ := strings.Cut(after, "/")
	if account, ok := strings.CutPrefix(o.Text("member"), "serviceAccount:"); ok {
		pool, _, found = strings.Cut(account, "[")
	}
	if found && !o.Known(poolType, pool) {
		return o.Refuse(
			"Error 400: Identity Pool does not exist (%s). Please check that you specified a valid resource name "+
				"as returned in the `name` attribute in the configuration API., badRequest", pool)
	}
	return nil
}

// identityTypes are service accounts: https://cloud.google.com/iam/docs/service-accounts-create.
func identityTypes() map[string]simulation.Type {
	const email = "{accountId}@{project}.iam.gserviceaccount.com"
	return map[string]simulation.Type{
		accountType: {
			Replace: []string{"accountId", "project"},
			Texts: []simulation.Text{
				{Path: "accountId", Min: 6, Max: 30, Pattern: `[a-z]([-a-z0-9]*[a-z0-9])`},
				{Path: "displayName", Max: 100},
				{Path: "description", Max: 256},
			},
			Unique: []simulation.Unique{{
				By: []string{"accountId", "project"}, Taken: "Error 409: Service account {value} already exists within project., " +
					"alreadyExists",
			}},
			Rules: []simulation.Rule{enabled("iam")},
			ID:    "projects/{project}/serviceAccounts/" + email, Name: "{accountId}",
			Outputs: object{
				"email": email, "member": "serviceAccount:" + email, "name": "projects/{project}/serviceAccounts/" + email,
				"project": "{project}", "uniqueId": "{digits:21}",
			},
		},
		"gcp:serviceaccount/iAMMember:IAMMember": member("{serviceAccountId}", "iam", simulation.Type{
			Replace: []string{"serviceAccountId"},
			References: []simulation.Reference{
				to("serviceAccountId", accountType, "Error 404: Service account {value} does not exist., notFound",
					simulation.Falls, "name"),
			},
		}),
	}
}
