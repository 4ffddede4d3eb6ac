"""The providers of the DynamoDB Encryption Client for Python that ask AWS: answers every line, a question in JSON, with one
line."""

import base64
import json
import logging
import sys

import boto3
import botocore.config
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynamodb_encryption_sdk.material_providers.most_recent import CachingMostRecentProvider
from dynamodb_encryption_sdk.material_providers.store.meta import MetaStore
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

logging.disable(logging.CRITICAL)

url, region, kms_key, materials_table = sys.argv[1:]
options = {
    "region_name": region,
    "endpoint_url": url,
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "config": botocore.config.Config(proxies={}),
}


def direct(description):
    clients = {region: boto3.client("kms", **options)}
    return AwsKmsCryptographicMaterialsProvider(
        key_id=kms_key, regional_clients=clients, material_description=description
    )


def store():
    table = boto3.resource("dynamodb", **options).Table(materials_table)
    return MetaStore(table=table, materials_provider=direct({}))


def recoded(item, code):
    """Only strings, numbers and bytes are in these items."""
    return {name: {kind: code(of) if kind == "B" else of for kind, of in value.items()} for name, value in item.items()}


def answer(question):
    operation = question["operation"]
    if operation == "create table":
        MetaStore.create_table(boto3.client("dynamodb", **options), materials_table, 1, 1)
        return {}
    if operation == "new version":
        store().new_provider(question["name"])
        return {}
    if question["provider"] == "direct":
        provider = direct(question["description"])
    else:
        provider = CachingMostRecentProvider(
            provider_store=store(), material_name=question["name"], version_ttl=600.0
        )
    item = recoded(question["item"], base64.b64decode)
    actions = AttributeActions()
    actions.set_index_keys("id", "year")
    config = CryptoConfig(
        materials_provider=provider,
        encryption_context=EncryptionContext(
            table_name="people", partition_key_name="id", sort_key_name="year", attributes=item
        ),
        attribute_actions=actions,
    )
    work = encrypt_dynamodb_item if operation == "seal" else decrypt_dynamodb_item
    return {"item": recoded(work(item.copy(), config), lambda of: base64.b64encode(bytes(of)).decode("ascii"))}


for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except Exception as error:  # Whatever it raises: some are plain exceptions.
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told), flush=True)
