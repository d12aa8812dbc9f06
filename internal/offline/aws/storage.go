package aws

import (
	"encoding/json"
	"fmt"
	"strings"

	"plinth/internal/offline/simulation"
)

// keyTypes are keys and their names: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html.
func keyTypes() map[string]simulation.Type {
	return map[string]simulation.Type{
		keyType: tagged(simulation.Type{
			Replace:  []string{"keyUsage", "customerMasterKeySpec", "customKeyStoreId", "multiRegion"},
			Defaults: object{"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "isEnabled": true, "keyUsage": "ENCRYPT_DECRYPT"},
			Texts: []simulation.Text{
				{Path: "description", Max: 8192},
				{Path: "deletionWindowInDays", Pattern: `[7-9]|[12][0-9]|30`, Fault: "ValidationException: must be from 7 to 30"},
			},
			Policies: []string{"policy"}, Rules: []simulation.Rule{keepsOwner},
			ID: "{uuid}", Name: "{description}",
			Outputs: object{"arn": "arn:{partition}:kms:{region}:{account}:key/{id}", "keyId": "{id}"},
			Remains: func(simulation.Entry) string { return "the key is pending deletion" },
		}),
		"aws:kms/alias:Alias": {
			Replace: []string{"name", "namePrefix"}, Auto: "name",
			Texts: []simulation.Text{{Path: "name", Min: 7, Max: 256, Pattern: `alias/[a-zA-Z0-9/_-]+`}},
			Unique: []simulation.Unique{{
				By:    []string{"name", "region", "account"},
				Taken: "AlreadyExistsException: An alias with the name {value} already exists",
			}},
			References: []simulation.Reference{toKey("targetKeyId")},
			ID:         "{name}", Name: "{name}",
			Outputs: object{
				"arn": "arn:{partition}:kms:{region}:{account}:{name}", "targetKeyArn": "{targetKeyId>arn}",
			},
		},
		"aws:kms/keyPolicy:KeyPolicy": {
			Replace: []string{"keyId"}, Policies: []string{"policy"}, Rules: []simulation.Rule{keepsOwner},
			References: []simulation.Reference{toKey("keyId")}, ID: "{keyId}",
		},
	}
}

// keepsOwner refuses a key policy under which nobody could change it any more: KMS's safety check,
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html.
func keepsOwner(o *simulation.Operation) error {
	document := o.Text("policy")
	if document == "" || o.Value("bypassPolicyLockoutSafetyCheck") == true {
		return nil
	}
	for _, s := range statements(document) {
		if s.Effect == "Allow" && s.Principal != nil &&
			(mentions(s.Action, "kms:*") || mentions(s.Action, "kms:PutKeyPolicy")) {
			return nil
		}
	}
	return o.Refuse(
		"MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in " +
			"the future.")
}

// keyAllows demands that the policy of a key which a path names lets a service use it.
func keyAllows(path, service, words string) simulation.Rule {
	return func(o *simulation.Operation) error {
		key, ok := o.Find(keyType, o.Text(path), "arn")
		who, err := o.Render(service)
		if !ok || err != nil {
			return err
		}
		for _, s := range statements(key.Text("policy")) {
			if s.Effect == "Allow" && mentions(s.Principal, fmt.Sprint(who)) {
				return nil
			}
		}
		return o.Refuse("%s", words)
	}
}

// logTypes are log groups:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html.
func logTypes() map[string]simulation.Type {
	days := strings.Fields("0 1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653")
	return map[string]simulation.Type{logGroupType: tagged(simulation.Type{
		Replace: []string{"name", "namePrefix", "logGroupClass"}, Auto: "name",
		Defaults: object{"skipDestroy": false},
		Texts: []simulation.Text{
			{Path: "name", Min: 1, Max: 512, Pattern: `[._/#A-Za-z0-9-]+`},
			// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html.
			{Path: "retentionInDays", Words: days},
		},
		Unique: []simulation.Unique{{
			By:    []string{"name", "region", "account"},
			Taken: "ResourceAlreadyExistsException: The specified log group already exists",
		}},
		References: []simulation.Reference{toKey("kmsKeyId")},
		Rules: []simulation.Rule{keyAllows("kmsKeyId", "logs.{region}.amazonaws.com", "InvalidParameterException: The "+
			"specified KMS key does not exist or is not allowed to be used with this log group")},
		ID: "{name}", Name: "{name}",
		Outputs: object{"arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}", "logGroupClass": "STANDARD"},
	})}
}

// registryTypes are image repositories:
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html.
func registryTypes() map[string]simulation.Type {
	repository := by("repository", repositoryType, "name", "RepositoryNotFoundException: The repository with name "+
		"'{value}' does not exist in the registry", simulation.Falls)
	return map[string]simulation.Type{
		repositoryType: tagged(simulation.Type{
			Replace: []string{"name", "encryptionConfigurations"}, Auto: "name",
			Defaults: object{"imageTagMutability": "MUTABLE", "forceDelete": false},
			Texts: []simulation.Text{
				{
					Path: "name", Min: 2, Max: 256,
					Pattern: `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`,
				},
				{
					Path:  "imageTagMutability",
					Words: []string{"MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"},
				},
				{Path: "encryptionConfigurations.*.encryptionType", Words: []string{"AES256", "KMS", "KMS_DSSE"}},
			},
			Unique: []simulation.Unique{{
				By: []string{"name", "region", "account"}, Taken: "RepositoryAlreadyExistsException: The repository with name " +
					"'{value}' already exists in the registry",
			}},
			References: []simulation.Reference{toKey("encryptionConfigurations.*.kmsKey")},
			Last:       []simulation.Rule{empty(imageType, "repository", "forceDelete", repositoryNotEmpty)},
			ID:         "{name}", Name: "{name}",
			Outputs: object{
				"arn": "arn:{partition}:ecr:{region}:{account}:repository/{name}", "registryId": "{account}",
				"repositoryUrl": "{account}.dkr.ecr.{region}.{suffix}/{name}",
			},
		}),
		imageType: {Foreign: true, References: []simulation.Reference{repository}},
		"aws:ecr/repositoryPolicy:RepositoryPolicy": {
			Replace: []string{"repository"}, Policies: []string{"policy"}, References: []simulation.Reference{repository},
			ID: "{repository}", Name: "{repository}", Outputs: object{"registryId": "{account}"},
		},
		"aws:ecr/lifecyclePolicy:LifecyclePolicy": {
			Replace: []string{"repository", "policy"}, References: []simulation.Reference{repository},
			Rules: []simulation.Rule{hasRules},
			ID:    "{repository}", Name: "{repository}", Outputs: object{"registryId": "{account}"},
		},
	}
}

// imageType is what is in repositories: tests plant it.
const (
	imageType = "aws:ecr/image:Image"

	repositoryNotEmpty = "RepositoryNotEmptyException: The repository with name '%s' cannot be deleted because it still " +
		"contains images"
)

// empty refuses to delete what has something in it, unless the program says that this does not matter.
func empty(contents, path, force, words string) simulation.Rule {
	return func(o *simulation.Operation) error {
		if o.Value(force) == true {
			return nil
		}
		for _, e := range o.Others(contents) {
			if e.Text(path) == o.Entry.Name {
				return o.Refuse(words, o.Entry.Name)
			}
		}
		return nil
	}
}

// hasRules refuses a lifecycle policy without rules.
func hasRules(o *simulation.Operation) error {
	var document struct {
		Rules []map[string]any `json:"rules"`
	}
	if err := json.Unmarshal([]byte(o.Text("policy")), &document); err != nil || len(document.Rules) == 0 {
		return o.Refuse(
			"InvalidParameterException: Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: " +
				"'Lifecycle policy validation failure'")
	}
	return nil
}

// secretTypes are secrets: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
func secretTypes() map[string]simulation.Type {
	toSecret := func(path string) simulation.Reference {
		r := by(path, secretType, "id", "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
			simulation.Falls)
		r.By = []string{"id", "arn", "name"}
		return r
	}
	return map[string]simulation.Type{
		secretType: tagged(simulation.Type{
			Replace: []string{"name", "namePrefix"}, Auto: "name",
			Defaults: object{"recoveryWindowInDays": float64(30), "forceOverwriteReplicaSecret": false},
			Texts: []simulation.Text{
				{Path: "name", Min: 1, Max: 512, Pattern: `[A-Za-z0-9/_+=.@-]+`},
				{Path: "recoveryWindowInDays", Pattern: `0|[7-9]|[12][0-9]|30`},
			},
			Policies: []string{"policy"},
			Unique: []simulation.Unique{{
				By:    []string{"name", "region", "account"},
				Taken: "ResourceExistsException: The operation failed because the secret {value} already exists.",
				Gone: "InvalidRequestException: You can't create this secret because a secret with this name is already " +
					"scheduled for deletion.",
			}},
			References: []simulation.Reference{toKey("kmsKeyId")},
			ID:         "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{upper:6}", Name: "{name}",
			Outputs: object{"arn": "{id}"},
			Remains: func(e simulation.Entry) string {
				if days := e.Text("recoveryWindowInDays"); days != "0" {
					return "it can be restored for " + days + " days"
				}
				return ""
			},
		}),
		"aws:secretsmanager/secretVersion:SecretVersion": {
			Replace: []string{"secretId", "secretString", "secretBinary"}, Secret: []string{"secretString", "secretBinary"},
			References: []simulation.Reference{toSecret("secretId")},
			ID:         "{secretId}|{versionId}", Outputs: object{"arn": "{secretId>arn}", "versionId": "{uuid}"},
		},
		"aws:secretsmanager/secretPolicy:SecretPolicy": {
			Replace: []string{"secretArn"}, Policies: []string{"policy"},
			References: []simulation.Reference{toSecret("secretArn")}, ID: "{secretArn}",
		},
	}
}
