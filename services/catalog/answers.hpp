#pragma once

#include "services/catalog/keeper.hpp"
#include "services/catalog/page.hpp"
#include "services/catalog/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What a catalog answers, of the state as it is. They block: for the pool.
namespace portico::catalog {

/// `query` null: of all messages.
FileResult<Page> page(const Keeper& keeper, const Query* query, const Range& range);
FileResult<Matches> matching(const Keeper& keeper, const Query& query, std::size_t most,
                             std::int64_t below);
/// "" if there is none.
FileResult<std::string> latest(const Keeper& keeper, const Query* query);
/// Nothing if there is none.
FileResult<std::optional<Entry>> entry(const Keeper& keeper, std::int64_t key,
                                       const std::string& id);

/// Messages that are to have these tags.
struct Retagging {
    std::vector<std::string> ids;
    std::vector<std::string> tags;
};
/// What makes `to` of the tag `name`, or takes it away if `to` is "".
FileResult<std::vector<Retagging>> retagging(const Keeper& keeper, const std::string& name,
                                             const std::string& to);

} // namespace portico::catalog
