#include "services/host/data_directory.hpp"
#include "services/host/file_limit.hpp"
#include "services/host/port_file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <fstream>

namespace portico::host {
namespace {

namespace fs = std::filesystem;

struct Directory : testing::Test {
    Directory()
    {
        std::string name = testing::TempDir() + "/portico-host-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~Directory() override { fs::remove_all(path); }

    fs::path path;
};

TEST_F(Directory, IsMadeForOurEyesOnly)
{
    auto data = DataDirectory::lock(path / "deep" / "data");
    ASSERT_TRUE(data) << data.error();
    EXPECT_EQ(fs::status(path / "deep" / "data").permissions(), fs::perms::owner_all);
}

TEST_F(Directory, ASecondLockNamesTheFirstOnesProcess)
{
    auto first = DataDirectory::lock(path);
    ASSERT_TRUE(first) << first.error();
    auto second = DataDirectory::lock(path);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().find("process " + std::to_string(::getpid())), std::string::npos)
        << second.error();
}

TEST_F(Directory, TheLockEndsWithItsHolder)
{
    {
        auto first = DataDirectory::lock(path);
        ASSERT_TRUE(first);
    }
    EXPECT_TRUE(DataDirectory::lock(path));
}

TEST_F(Directory, WhatCannotBeADirectorySaysWhy)
{
    std::ofstream{path / "file"} << "in the way";
    auto data = DataDirectory::lock(path / "file");
    ASSERT_FALSE(data);
    EXPECT_NE(data.error().find((path / "file").string()), std::string::npos) << data.error();
}

TEST_F(Directory, ThePortFileListsBoundPortsWhileItLives)
{
    const auto name = path / "ports.json";
    net::PortStatus bound{};
    bound.endpoint = {net::Transport::tcp, asio::ip::make_address("::1"), 2525};
    bound.service = "smtp";
    bound.encryption = net::Encryption::starttls;
    bound.state = net::PortState::bound;
    auto failed = bound;
    failed.state = net::PortState::failed;
    {
        auto file = PortFile::write(name, {bound, failed});
        ASSERT_TRUE(file) << file.error();
        std::ifstream text{name};
        const auto ports = nlohmann::json::parse(text).at("ports");
        ASSERT_EQ(ports.size(), 1U);
        EXPECT_EQ(ports[0].at("service"), "smtp");
        EXPECT_EQ(ports[0].at("address"), "::1");
        EXPECT_EQ(ports[0].at("port"), 2525);
        EXPECT_EQ(ports[0].at("encryption"), "starttls");
    }
    EXPECT_FALSE(fs::exists(name));
    EXPECT_TRUE(fs::is_empty(path));
}

TEST_F(Directory, APortFileThatCannotBeWrittenSaysWhy)
{
    auto file = PortFile::write(path / "missing" / "ports.json", {});
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("port_file"), std::string::npos);
}

TEST(FileLimit, KeepsAReserve)
{
    EXPECT_EQ(connections_for(20'000), 20'000U - 256 - 2'500);
    EXPECT_EQ(connections_for(1024), 1024U - 256 - 128);
    EXPECT_EQ(connections_for(100), 16U);
    EXPECT_EQ(connections_for(~std::uint64_t{0}), 1'000'000U);
}

} // namespace
} // namespace portico::host
