#include "services/console/v1_documents.hpp"

namespace portico::console {

std::string_view swagger()
{
    return R"json({
"swagger": "2.0",
"info": {"title": "Mail of this host", "version": "v1",
  "description": "Mailpit's API, as portico answers it. In place of an ID, latest is the newest message."},
"basePath": "/",
"consumes": ["application/json"],
"produces": ["application/json", "text/plain"],
"parameters": {
  "id": {"name": "ID", "in": "path", "type": "string", "required": true},
  "part": {"name": "PartID", "in": "path", "type": "string", "required": true},
  "tag": {"name": "Tag", "in": "path", "type": "string", "required": true},
  "start": {"name": "start", "in": "query", "type": "integer", "default": 0},
  "limit": {"name": "limit", "in": "query", "type": "integer", "default": 50},
  "before": {"name": "before", "in": "query", "type": "string"},
  "tz": {"name": "tz", "in": "query", "type": "string"},
  "query": {"name": "query", "in": "query", "type": "string", "required": true},
  "ids": {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/IDs"}}
},
"responses": {
  "ok": {"description": "ok", "schema": {"type": "string"}},
  "text": {"description": "text", "schema": {"type": "string"}},
  "file": {"description": "octets", "schema": {"type": "file"}},
  "list": {"description": "messages", "schema": {"$ref": "#/definitions/MessagesSummary"}},
  "wrong": {"description": "what is wrong with the request", "schema": {"type": "string"}},
  "none": {"description": "there is no such message", "schema": {"type": "string"}}
},
"paths": {
  "/api/v1/messages": {
    "get": {"operationId": "GetMessages", "tags": ["messages"],
      "parameters": [{"$ref": "#/parameters/start"}, {"$ref": "#/parameters/limit"}, {"$ref": "#/parameters/before"}],
      "responses": {"200": {"$ref": "#/responses/list"}}},
    "put": {"operationId": "SetReadStatus", "tags": ["messages"],
      "parameters": [{"$ref": "#/parameters/tz"}, {"name": "body", "in": "body", "schema": {"type": "object", "properties": {
        "Read": {"type": "boolean"}, "IDs": {"type": "array", "items": {"type": "string"}}, "Search": {"type": "string"}}}}],
      "responses": {"200": {"$ref": "#/responses/ok"}, "400": {"$ref": "#/responses/wrong"}}},
    "delete": {"operationId": "DeleteMessages", "tags": ["messages"], "description": "Without IDs, all.",
      "parameters": [{"$ref": "#/parameters/ids"}], "responses": {"200": {"$ref": "#/responses/ok"}}}},
  "/api/v1/search": {
    "get": {"operationId": "SearchMessages", "tags": ["messages"],
      "parameters": [{"$ref": "#/parameters/query"}, {"$ref": "#/parameters/start"}, {"$ref": "#/parameters/limit"},
        {"$ref": "#/parameters/before"}, {"$ref": "#/parameters/tz"}],
      "responses": {"200": {"$ref": "#/responses/list"}, "400": {"$ref": "#/responses/wrong"}}},
    "delete": {"operationId": "DeleteSearch", "tags": ["messages"],
      "parameters": [{"$ref": "#/parameters/query"}, {"$ref": "#/parameters/tz"}],
      "responses": {"200": {"$ref": "#/responses/ok"}, "400": {"$ref": "#/responses/wrong"}}}},
  "/api/v1/message/{ID}": {"get": {"operationId": "GetMessage", "tags": ["message"],
    "parameters": [{"$ref": "#/parameters/id"}],
    "responses": {"200": {"description": "a message", "schema": {"$ref": "#/definitions/Message"}},
      "404": {"$ref": "#/responses/none"}}}},
  "/api/v1/message/{ID}/headers": {"get": {"operationId": "GetHeaders", "tags": ["message"],
    "parameters": [{"$ref": "#/parameters/id"}],
    "responses": {"200": {"description": "values by name", "schema": {"type": "object",
      "additionalProperties": {"type": "array", "items": {"type": "string"}}}}, "404": {"$ref": "#/responses/none"}}}},
  "/api/v1/message/{ID}/part/{PartID}": {"get": {"operationId": "GetPart", "tags": ["message"],
    "parameters": [{"$ref": "#/parameters/id"}, {"$ref": "#/parameters/part"}],
    "responses": {"200": {"$ref": "#/responses/file"}, "404": {"$ref": "#/responses/none"}}}},
  "/api/v1/message/{ID}/raw": {"get": {"operationId": "GetRaw", "tags": ["message"],
    "parameters": [{"$ref": "#/parameters/id"}],
    "responses": {"200": {"$ref": "#/responses/text"}, "404": {"$ref": "#/responses/none"}}}},
  "/api/v1/send": {"post": {"operationId": "SendMessage", "tags": ["message"],
    "parameters": [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/SendRequest"}}],
    "responses": {"200": {"description": "sent", "schema": {"type": "object", "properties": {"ID": {"type": "string"}}}},
      "400": {"description": "what is wrong", "schema": {"type": "object", "properties": {"Error": {"type": "string"}}}}}}},
  "/api/v1/tags": {
    "get": {"operationId": "GetTags", "tags": ["tags"],
      "responses": {"200": {"description": "tags", "schema": {"type": "array", "items": {"type": "string"}}}}},
    "put": {"operationId": "SetTags", "tags": ["tags"],
      "parameters": [{"name": "body", "in": "body", "schema": {"type": "object", "properties": {
        "IDs": {"type": "array", "items": {"type": "string"}}, "Tags": {"type": "array", "items": {"type": "string"}}}}}],
      "responses": {"200": {"$ref": "#/responses/ok"}, "400": {"$ref": "#/responses/wrong"}}}},
  "/api/v1/tags/{Tag}": {
    "put": {"operationId": "RenameTag", "tags": ["tags"],
      "parameters": [{"$ref": "#/parameters/tag"}, {"name": "body", "in": "body",
        "schema": {"type": "object", "properties": {"Name": {"type": "string"}}}}],
      "responses": {"200": {"$ref": "#/responses/ok"}, "400": {"$ref": "#/responses/wrong"}}},
    "delete": {"operationId": "DeleteTag", "tags": ["tags"], "parameters": [{"$ref": "#/parameters/tag"}],
      "responses": {"200": {"$ref": "#/responses/ok"}, "400": {"$ref": "#/responses/wrong"}}}},
  "/api/v1/info": {"get": {"operationId": "AppInformation", "tags": ["application"],
    "responses": {"200": {"description": "the server", "schema": {"type": "object"}}}}},
  "/api/v1/webui": {"get": {"operationId": "WebUIConfiguration", "tags": ["application"],
    "responses": {"200": {"description": "its options", "schema": {"type": "object"}}}}},
  "/view/{ID}.html": {"get": {"operationId": "GetMessageHTML", "tags": ["view"], "produces": ["text/html"],
    "parameters": [{"$ref": "#/parameters/id"}],
    "responses": {"200": {"$ref": "#/responses/text"}, "404": {"$ref": "#/responses/none"}}}},
  "/view/{ID}.txt": {"get": {"operationId": "GetMessageText", "tags": ["view"],
    "parameters": [{"$ref": "#/parameters/id"}],
    "responses": {"200": {"$ref": "#/responses/text"}, "404": {"$ref": "#/responses/none"}}}}
},
"definitions": {
  "IDs": {"type": "object", "properties": {"IDs": {"type": "array", "items": {"type": "string"}}}},
  "Address": {"type": "object", "properties": {"Name": {"type": "string"}, "Address": {"type": "string"}}},
  "Addresses": {"type": "array", "items": {"$ref": "#/definitions/Address"}},
  "MessagesSummary": {"type": "object", "properties": {
    "total": {"type": "integer"}, "unread": {"type": "integer"}, "count": {"type": "integer"},
    "messages_count": {"type": "integer"}, "messages_unread": {"type": "integer"}, "start": {"type": "integer"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "messages": {"type": "array", "items": {"$ref": "#/definitions/MessageSummary"}}}},
  "MessageSummary": {"type": "object", "properties": {
    "ID": {"type": "string"}, "MessageID": {"type": "string"}, "Read": {"type": "boolean"},
    "From": {"$ref": "#/definitions/Address"}, "To": {"$ref": "#/definitions/Addresses"},
    "Cc": {"$ref": "#/definitions/Addresses"}, "Bcc": {"$ref": "#/definitions/Addresses"},
    "ReplyTo": {"$ref": "#/definitions/Addresses"}, "Subject": {"type": "string"},
    "Created": {"type": "string", "format": "date-time"}, "Username": {"type": "string"},
    "Tags": {"type": "array", "items": {"type": "string"}}, "Size": {"type": "integer"},
    "Attachments": {"type": "integer"}, "Snippet": {"type": "string"}}},
  "Message": {"type": "object", "properties": {
    "ID": {"type": "string"}, "MessageID": {"type": "string"}, "From": {"$ref": "#/definitions/Address"},
    "To": {"$ref": "#/definitions/Addresses"}, "Cc": {"$ref": "#/definitions/Addresses"},
    "Bcc": {"$ref": "#/definitions/Addresses"}, "ReplyTo": {"$ref": "#/definitions/Addresses"},
    "ReturnPath": {"type": "string"}, "Subject": {"type": "string"}, "ListUnsubscribe": {"type": "object"},
    "Date": {"type": "string", "format": "date-time"}, "Tags": {"type": "array", "items": {"type": "string"}},
    "Username": {"type": "string"}, "Text": {"type": "string"}, "HTML": {"type": "string"}, "Size": {"type": "integer"},
    "Inline": {"type": "array", "items": {"$ref": "#/definitions/Attachment"}},
    "Attachments": {"type": "array", "items": {"$ref": "#/definitions/Attachment"}}}},
  "Attachment": {"type": "object", "properties": {
    "PartID": {"type": "string"}, "FileName": {"type": "string"}, "ContentType": {"type": "string"},
    "ContentID": {"type": "string"}, "Size": {"type": "integer"}, "Checksums": {"type": "object", "properties": {
      "MD5": {"type": "string"}, "SHA1": {"type": "string"}, "SHA256": {"type": "string"}}}}},
  "Person": {"type": "object", "properties": {"Email": {"type": "string"}, "Name": {"type": "string"}}},
  "SendRequest": {"type": "object", "required": ["From"], "properties": {
    "From": {"$ref": "#/definitions/Person"}, "To": {"type": "array", "items": {"$ref": "#/definitions/Person"}},
    "Cc": {"type": "array", "items": {"$ref": "#/definitions/Person"}},
    "ReplyTo": {"type": "array", "items": {"$ref": "#/definitions/Person"}},
    "Bcc": {"type": "array", "items": {"type": "string"}}, "Subject": {"type": "string"}, "Text": {"type": "string"},
    "HTML": {"type": "string"}, "Tags": {"type": "array", "items": {"type": "string"}}, "Headers": {"type": "object"},
    "Attachments": {"type": "array", "items": {"type": "object", "properties": {"Content": {"type": "string"},
      "Filename": {"type": "string"}, "ContentType": {"type": "string"}, "ContentID": {"type": "string"}}}}}}
}
}
)json";
}

} // namespace portico::console
