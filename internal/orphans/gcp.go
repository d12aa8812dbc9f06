package orphans

import (
	"context"
	"strings"
)

// GCP asks Google Cloud, by the program gcloud: Cloud Asset Inventory has every resource of a project, also those that
// take no labels, which are known by their names. The API cloudasset.googleapis.com has to be enabled.
//
// Source: https://cloud.google.com/asset-inventory/docs/search-resources.
type GCP struct {
	// Project is the id of the project that the environment is in.
	Project string
}

// Name is gcp.
func (GCP) Name() string { return "gcp" }

// Find asks once.
func (g GCP) Find(ctx context.Context, q Query) ([]Resource, error) {
	terms := []string{"labels." + stackTag + "=" + q.Stack}
	for _, cluster := range q.Clusters {
		terms = append(terms, "labels."+clusterLabel+"="+cluster)
	}
	if len(q.Clusters) > 0 {
		terms = append(terms, "displayName:"+q.Environment+"*", "name:"+q.Environment+"*")
	}
	var answer []struct {
		Name, AssetType, DisplayName string
		Labels                       map[string]string
	}
	err := ask(ctx, &answer, "gcloud", "asset", "search-all-resources", "--scope=projects/"+g.Project,
		"--query="+strings.Join(terms, " OR "), "--format=json")
	if err != nil {
		return nil, err
	}
	var found []Resource
	for _, a := range answer {
		found = append(found, Resource{Kind: a.AssetType, ID: a.Name, Name: tail(a.Name), Tags: a.Labels})
	}
	return found, nil
}
