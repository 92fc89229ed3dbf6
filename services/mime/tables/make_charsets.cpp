// Writes charset_tables.cpp while portico is built: what the C library's iconv() makes of every
// octet and every pair. A static program cannot load iconv's converters, and the image has none.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iconv.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr char32_t none = 0xFFFD;

class Converter {
public:
    explicit Converter(const char* charset) : iconv_{iconv_open("UTF-32LE", charset)}
    {
        if (iconv_ == iconv_t(-1)) throw std::runtime_error(std::string{"no charset "} + charset);
    }
    ~Converter() { iconv_close(iconv_); }
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;

    /// The one character that `octets` are; `none` if they are not one.
    char32_t operator()(std::string octets)
    {
        std::array<char32_t, 4> out{};
        auto* from = octets.data();
        auto* to = reinterpret_cast<char*>(out.data());
        auto left = octets.size();
        auto room = sizeof out;
        iconv(iconv_, nullptr, nullptr, nullptr, nullptr);
        const auto failed = iconv(iconv_, &from, &left, &to, &room) == std::size_t(-1);
        if (failed || left != 0 || room != sizeof out - sizeof(char32_t)) return none;
        return out[0];
    }

private:
    iconv_t iconv_;
};

std::string octets(std::initializer_list<unsigned> values)
{
    std::string text;
    for (auto value : values) text += static_cast<char>(value);
    return text;
}

std::uint16_t in_the_bmp(char32_t c)
{
    return static_cast<std::uint16_t>(c > 0xFFFF ? none : c);
}

void write(std::ostream& out, const std::vector<std::uint16_t>& values)
{
    for (std::size_t i = 0; i < values.size(); ++i)
        out << values[i] << (i % 16 == 15 ? ",\n" : ",");
}

// The upper half of a charset whose lower half is ASCII. What is undefined there stays a control,
// as in WHATWG's Encoding Standard: windows-1252 has five such octets.
void write_single(std::ostream& out, const char* name, const char* charset)
{
    Converter convert{charset};
    std::vector<std::uint16_t> values;
    for (unsigned octet = 0x80; octet <= 0xFF; ++octet) {
        const auto c = convert(octets({octet}));
        const auto control = c == none && octet < 0xA0;
        values.push_back(in_the_bmp(control ? char32_t{octet} : c));
    }
    out << "{\"" << name << "\", {";
    write(out, values);
    out << "}},\n";
}

// All pairs: of each leading octet only the range of second octets that it has.
void write_double(std::ostream& out, const char* name, const char* charset)
{
    Converter convert{charset};
    std::vector<std::uint16_t> values;
    std::string rows;
    for (unsigned lead = 0x80; lead <= 0xFF; ++lead) {
        std::vector<std::uint16_t> row;
        unsigned first = 0x40;
        std::size_t size = 0;
        for (unsigned second = 0x40; second <= 0xFF; ++second) {
            const auto c = in_the_bmp(convert(octets({lead, second})));
            if (row.empty() && c == none) continue;
            if (row.empty()) first = second;
            row.push_back(c);
            if (c != none) size = row.size();
        }
        row.resize(size);
        rows += "{" + std::to_string(values.size()) + "," + std::to_string(first) + "," +
                std::to_string(size) + "},";
        values.insert(values.end(), row.begin(), row.end());
    }
    out << "const char16_t " << name << "_values[] = {";
    write(out, values);
    out << "};\nconstinit const DoubleByte " << name << "{{{" << rows << "}}, " << name
        << "_values};\n";
}

// GB 18030's four octets count up; where the characters do not, a range begins.
void write_gb18030_ranges(std::ostream& out)
{
    Converter convert{"GB18030"};
    out << "const Gb18030Range gb18030_ranges[] = {";
    char32_t expected = 0;
    for (unsigned index = 0; index < 39420; ++index) {
        const auto c = convert(octets({0x81 + index / 12600, 0x30 + index / 1260 % 10,
                                       0x81 + index / 10 % 126, 0x30 + index % 10}));
        if (c != expected) out << "{" << index << "," << static_cast<unsigned>(c) << "},";
        expected = c == none ? none : c + 1;
    }
    out << "{39420," << static_cast<unsigned>(none) << "}};\n";
}

void write_all(std::ostream& out)
{
    out << "#include \"services/mime/charset_tables.hpp\"\n"
           "namespace portico::mime {\nconstinit const SingleByte single_byte_charsets[] = {\n";
    for (auto part : {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16}) {
        const auto number = std::to_string(part);
        write_single(out, ("iso8859" + number).c_str(), ("ISO-8859-" + number).c_str());
    }
    for (auto page : {1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258}) {
        const auto number = std::to_string(page);
        write_single(out, ("windows" + number).c_str(), ("CP" + number).c_str());
    }
    write_single(out, "windows874", "CP874");
    write_single(out, "koi8r", "KOI8-R");
    write_single(out, "koi8u", "KOI8-U");
    write_single(out, "macintosh", "MACINTOSH");
    for (auto page : {437, 850, 852, 866}) {
        const auto number = std::to_string(page);
        write_single(out, ("ibm" + number).c_str(), ("IBM" + number).c_str());
    }
    out << "{{}, {}}};\n";
    write_double(out, "shift_jis", "CP932");
    write_double(out, "gbk", "GB18030");
    write_double(out, "uhc", "UHC");
    write_double(out, "big5", "CP950");
    write_gb18030_ranges(out);
    out << "} // namespace portico::mime\n";
}

} // namespace

int main(int count, char** arguments)
try {
    if (count != 2) throw std::runtime_error("usage: make_charsets FILE");
    std::ofstream out{arguments[1]};
    write_all(out);
    out.close();
    if (!out) throw std::runtime_error("cannot write " + std::string{arguments[1]});
    return 0;
} catch (const std::exception& problem) {
    std::cerr << "make_charsets: " << problem.what() << '\n';
    return 1;
}
