#pragma once

#include "services/catalog/page.hpp"
#include "services/http/target.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What requests of Mailpit's API ask for. Pure.
namespace portico::console {

using Query = std::vector<http::NameValue>; // of a request's target

/// What `limit=0` means: all of a list, nothing of a search.
enum class Listing : bool { all, matches };

/// `start`, `limit` and `before`; what is missing or unusable has its default.
catalog::Range range_of(const Query& query, Listing listing, const catalog::Zone& zone);

/// "//view///x" -> "/view/x": some clients join paths so.
std::string collapsed(std::string_view path);

inline constexpr std::size_t most_content = 5'000'000; // octets of a request but for send's

/// A request's JSON. `values`: of so many in it, whatever their depth; more are too many. Nothing
/// if it is none.
std::optional<nlohmann::json> parse_json(std::string_view text, std::size_t values = 1'000'000);

/// The member of this name in any case; null if it is missing, or null itself.
const nlohmann::json* member(const nlohmann::json& object, std::string_view name);

/// A list of texts; empty if it is missing. An error is a sentence for the client.
std::expected<std::vector<std::string>, std::string> texts(const nlohmann::json& object,
                                                           std::string_view name);
/// "" if it is missing.
std::expected<std::string, std::string> text(const nlohmann::json& object, std::string_view name);

/// Which messages are to be deleted: those with these identities; nothing: all of them. A body that
/// is no JSON (none, a form) means all as well; JSON of another shape is an error.
std::expected<std::optional<std::vector<std::string>>, std::string>
to_delete(std::string_view content);

struct ReadRequest {
    bool read = false;
    std::vector<std::string> ids = {}; // or, if empty,
    std::string search = {};           // what matches this; "": all
};
std::expected<ReadRequest, std::string> to_read(std::string_view content);

struct TagRequest {
    std::vector<std::string> ids;
    std::vector<std::string> tags; // cleaned
};
std::expected<TagRequest, std::string> to_tag(std::string_view content);

/// The new name of a tag; cleaned.
std::expected<std::string, std::string> to_rename(std::string_view content);

} // namespace portico::console
