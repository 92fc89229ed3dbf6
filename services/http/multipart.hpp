#pragma once

#include "services/http/range.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::http {

/// What stands around the parts of a multipart/byteranges (RFC 9110 section 14.6, RFC 2046
/// section 5.1). The content is not looked at, so the boundary must be one that no file has in it.
class Multipart {
public:
    /// `type` is the parts' media type and `size` the length of the whole representation.
    Multipart(std::string boundary, std::string_view type, std::uint64_t size)
        : boundary_{std::move(boundary)}, type_{type}, size_{size}
    {
    }

    std::string content_type() const { return "multipart/byteranges; boundary=" + boundary_; }
    std::string before(const ByteRange& range) const;
    std::string end() const;
    /// Of all these parts together with what is around them.
    std::uint64_t length(const std::vector<ByteRange>& ranges) const;

private:
    std::string boundary_;
    std::string_view type_;
    std::uint64_t size_;
};

} // namespace portico::http
