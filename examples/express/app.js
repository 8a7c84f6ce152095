const { readFileSync } = require("node:fs");
const express = require("express");

const app = express();
const version = readFileSync(`${__dirname}/VERSION`, "utf8").trim();

app.get("/", (request, response) => {
  response.type("text").send(`version ${version}\n`);
});

const server = app.listen(process.env.PORT ?? 5000, "0.0.0.0");
process.on("SIGTERM", () => server.close());
