package gke

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/gke/slim"
)

// The APIs, by the first part of their name.
const (
	apiBinaryAuthorization = "binaryauthorization"
	apiCompute             = "compute"
	apiContainer           = "container"
	apiCredentials         = "iamcredentials"
	apiIAM                 = "iam"
	apiKMS                 = "cloudkms"
	apiLogging             = "logging"
	apiMonitoring          = "monitoring"
	apiPosture             = "containersecurity"
	apiRegistry            = "artifactregistry"
	apiResourceManager     = "cloudresourcemanager"
	apiScanning            = "containerscanning"
	apiSecrets             = "secretmanager"
	apiStorage             = "storage"
	apiSQL                 = "sqladmin"
)

// makeProject switches on what an empty project has switched off. Others in the project use the same APIs, so they stay
// on when the environment is destroyed.
func (c *Cluster) makeProject(ctx *pulumi.Context) error {
	apis := []string{
		apiBinaryAuthorization, apiCompute, apiContainer, apiCredentials, apiIAM, apiLogging, apiMonitoring, apiPosture,
		apiRegistry, apiResourceManager, apiScanning,
	}
	if c.args.EncryptWithOwnKey {
		apis = append(apis, apiKMS)
	}
	if c.args.Databases {
		apis = append(apis, apiSQL)
	}
	for _, api := range apis {
		if _, err := c.switchOn(ctx, api); err != nil {
			return err
		}
	}
	return c.makeAgent(ctx)
}

// switchOn switches an API on, once.
func (c *Cluster) switchOn(ctx *pulumi.Context, api string) (pulumi.Resource, error) {
	if on, found := c.apis[api]; found {
		return on, nil
	}
	service, err := slim.NewService(ctx, c.name+"-api-"+api, &slim.ServiceArgs{
		Project:                  pulumi.String(c.args.Location.Account),
		Service:                  pulumi.String(api + ".googleapis.com"),
		DisableOnDestroy:         pulumi.Bool(false),
		DisableDependentServices: pulumi.Bool(false),
	}, c.child()...)
	if err != nil {
		return nil, fmt.Errorf("switching on the API %s: %w", api, err)
	}
	c.apis[api] = service
	return service, nil
}

// makeAgent asks for the account that Artifact Registry acts as, which is made on first demand. Its address tells the
// project's number, service-NUMBER@gcp-sa-artifactregistry.iam.gserviceaccount.com, and that the accounts of other
// services: https://cloud.google.com/iam/docs/service-agents. So nothing has to be looked up.
func (c *Cluster) makeAgent(ctx *pulumi.Context) error {
	var err error
	c.registryAgent, err = slim.NewServiceIdentity(ctx, c.name+"-registry-agent", &slim.ServiceIdentityArgs{
		Project: pulumi.String(c.args.Location.Account),
		Service: pulumi.String(apiRegistry + ".googleapis.com"),
	}, c.child(c.after(apiRegistry))...)
	if err != nil {
		return fmt.Errorf("asking for the account of Artifact Registry: %w", err)
	}
	c.number = c.registryAgent.Email.ApplyT(func(email string) string {
		account, _, _ := strings.Cut(email, "@")
		return strings.TrimPrefix(account, "service-")
	}).(pulumi.StringOutput)
	return nil
}

// after waits until APIs are switched on, and for other resources.
func (c *Cluster) after(apis ...string) pulumi.ResourceOption { return c.afterAll(apis, nil) }

func (c *Cluster) afterAll(apis []string, others []pulumi.Resource) pulumi.ResourceOption {
	needs := append([]pulumi.Resource{}, others...)
	for _, api := range apis {
		needs = append(needs, c.apis[api])
	}
	return pulumi.DependsOn(needs)
}
