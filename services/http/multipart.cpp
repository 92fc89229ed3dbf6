#include "services/http/multipart.hpp"

#include <fmt/format.h>

namespace portico::http {

std::string Multipart::before(const ByteRange& range) const
{
    return fmt::format("\r\n--{}\r\nContent-Type: {}\r\n{}\r\n", boundary_, type_,
                       content_range(range, size_));
}

std::string Multipart::end() const
{
    return fmt::format("\r\n--{}--\r\n", boundary_);
}

std::uint64_t Multipart::length(const std::vector<ByteRange>& ranges) const
{
    auto length = end().size();
    for (const auto& range : ranges) length += before(range).size() + range.length;
    return length;
}

} // namespace portico::http
