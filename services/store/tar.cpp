#include "services/store/tar.hpp"

#include <fmt/core.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace portico::store {

namespace {

constexpr std::size_t block = 512;

/// Where a field of the header begins and how long it is.
struct Field {
    std::size_t offset;
    std::size_t length;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field owner_field{108, 8};
constexpr Field group_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field modified_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr Field type_field{156, 1};
constexpr Field magic_field{257, 8};

void put(std::string& header, Field field, std::string_view text)
{
    if (text.size() > field.length) throw std::length_error("a name too long for a tar");
    header.replace(field.offset, text.size(), text);
}

// Octal digits, and a NUL behind them.
bool put_number(std::string& header, Field field, std::uint64_t number)
{
    const auto digits = fmt::format("{:0{}o}", number, field.length - 1);
    const bool fits = digits.size() < field.length;
    put(header, field, fits ? digits : std::string(field.length - 1, '0'));
    return fits;
}

// The sum of all octets, those of the checksum itself taken as spaces.
void seal(std::string& header)
{
    put(header, checksum_field, "        ");
    unsigned sum = 0;
    for (const char octet : header) sum += static_cast<unsigned char>(octet);
    put(header, checksum_field, fmt::format("{:06o}", sum) + std::string{'\0', ' '});
}

/// "<length> <key>=<value>\n", where the length counts its own digits.
std::string record(std::string_view key, std::uint64_t value)
{
    const auto rest = fmt::format(" {}={}\n", key, value);
    auto length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length)
        length = std::to_string(length).size() + rest.size();
    return std::to_string(length) + rest;
}

std::string begin_header(std::string_view name, char type)
{
    std::string header(block, '\0');
    put(header, name_field, name);
    put(header, type_field, {&type, 1});
    put(header, magic_field,
        std::string_view{"ustar\0"
                         "00",
                         8});
    return header;
}

std::string extended_header(const std::string& records)
{
    auto header = begin_header("pax", 'x');
    put_number(header, mode_field, 0600);
    put_number(header, owner_field, 0);
    put_number(header, group_field, 0);
    put_number(header, size_field, records.size());
    put_number(header, modified_field, 0);
    seal(header);
    return header + records + std::string(tar_padding(records.size()), '\0');
}

} // namespace

std::string tar_header(const TarEntry& entry)
{
    auto header = begin_header(entry.name, entry.name.ends_with('/') ? '5' : '0');
    std::string records;
    const auto number = [&](Field field, std::string_view key, std::uint64_t value) {
        if (!put_number(header, field, value)) records += record(key, value);
    };
    put_number(header, mode_field, entry.mode);
    number(owner_field, "uid", entry.owner);
    number(group_field, "gid", entry.group);
    number(size_field, "size", entry.size);
    put_number(header, modified_field,
               static_cast<std::uint64_t>(entry.modified < 0 ? 0 : entry.modified));
    seal(header);
    return records.empty() ? header : extended_header(records) + header;
}

std::size_t tar_padding(std::uint64_t size)
{
    return (block - size % block) % block;
}

std::string tar_end()
{
    return std::string(2 * block, '\0');
}

} // namespace portico::store
