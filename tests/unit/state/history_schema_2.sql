-- A history as schema 2 left it: a green run, a red one, and a sign-off.
BEGIN TRANSACTION;
CREATE TABLE llmops_carried (
        id INTEGER PRIMARY KEY, run BIGINT NOT NULL, target TEXT NOT NULL, started DOUBLE PRECISION NOT NULL,
        procedure TEXT NOT NULL, test TEXT NOT NULL, outcome TEXT NOT NULL, weight INTEGER NOT NULL);
INSERT INTO "llmops_carried" VALUES(1,1,'here',1790000000.0,'voyageur.morning-health.summary-response-time','daily/test_latency.py::test_generation_latency','passed',2);
INSERT INTO "llmops_carried" VALUES(2,2,'here',1790086400.0,'voyageur.morning-health.summary-response-time','daily/test_latency.py::test_generation_latency','failed',2);
CREATE TABLE llmops_checks (
        id INTEGER PRIMARY KEY, run BIGINT NOT NULL, target TEXT NOT NULL, started DOUBLE PRECISION NOT NULL, test TEXT NOT NULL,
        suite TEXT NOT NULL, section TEXT NOT NULL, outcome TEXT NOT NULL, category TEXT NOT NULL,
        severity TEXT NOT NULL, reason TEXT NOT NULL, duration_s DOUBLE PRECISION NOT NULL);
INSERT INTO "llmops_checks" VALUES(1,1,'here',1790000000.0,'daily/test_latency.py::test_generation_latency','daily','Daily','passed','','','',3.2);
INSERT INTO "llmops_checks" VALUES(2,2,'here',1790086400.0,'daily/test_latency.py::test_generation_latency','daily','Daily','failed','regression','normal','generation_latency is slower',3.2);
CREATE TABLE llmops_metrics (
        id INTEGER PRIMARY KEY, run BIGINT NOT NULL, target TEXT NOT NULL, started DOUBLE PRECISION NOT NULL, test TEXT NOT NULL,
        name TEXT NOT NULL, good INTEGER NOT NULL, unit TEXT NOT NULL, value DOUBLE PRECISION,
        baseline DOUBLE PRECISION, ratio DOUBLE PRECISION, low DOUBLE PRECISION, high DOUBLE PRECISION,
        n BIGINT NOT NULL, state TEXT NOT NULL, suspect INTEGER NOT NULL, threshold TEXT);
INSERT INTO "llmops_metrics" VALUES(1,1,'here',1790000000.0,'daily/test_latency.py::test_generation_latency','generation_latency',1,'s',0.08,0.08,1.0,0.888888888888889,1.1428571428571427937e+00,30,'ok',0,'{"target": "< 3 s"}');
INSERT INTO "llmops_metrics" VALUES(2,2,'here',1790086400.0,'daily/test_latency.py::test_generation_latency','generation_latency',0,'s',0.2,0.08,2.5,2.2222222222222223209e+00,2.85714285714285720629e+00,30,'regression',0,'{"target": "< 3 s"}');
CREATE TABLE llmops_runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, profile TEXT NOT NULL, environment TEXT NOT NULL,
        against TEXT, started DOUBLE PRECISION NOT NULL, duration_s DOUBLE PRECISION NOT NULL,
        exit_status INTEGER NOT NULL, requests BIGINT NOT NULL, tokens BIGINT NOT NULL,
        seconds DOUBLE PRECISION NOT NULL, version TEXT NOT NULL);
INSERT INTO "llmops_runs" VALUES(1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','here','ollama','staging',NULL,1790000000.0,4.5,0,31,990,3.1,'0.1.0');
INSERT INTO "llmops_runs" VALUES(2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','here','ollama','staging',NULL,1790086400.0,4.5,1,31,990,3.1,'0.1.0');
CREATE TABLE llmops_schema (version INTEGER PRIMARY KEY, since DOUBLE PRECISION);
INSERT INTO "llmops_schema" VALUES(1,1.79593017334339022633e+09);
INSERT INTO "llmops_schema" VALUES(2,1790172800.0);
CREATE TABLE llmops_sign_offs (
        id TEXT PRIMARY KEY, procedure TEXT NOT NULL, target TEXT NOT NULL, signed_by TEXT NOT NULL,
        note TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, recorded DOUBLE PRECISION NOT NULL);
INSERT INTO "llmops_sign_offs" VALUES('5f0c','voyageur.runbook.quarterly-review','here','Ana','read',1790100000.0,1790100060.0);
CREATE INDEX llmops_runs_newest ON llmops_runs (started DESC);
CREATE INDEX llmops_runs_of_target ON llmops_runs (target, started DESC);
CREATE INDEX llmops_checks_of_run ON llmops_checks (run);
CREATE INDEX llmops_checks_newest ON llmops_checks (target, test, outcome, started DESC);
CREATE INDEX llmops_metrics_of_run ON llmops_metrics (run);
CREATE INDEX llmops_metrics_newest ON llmops_metrics (target, name, good, started DESC);
CREATE INDEX llmops_carried_of_run ON llmops_carried (run);
CREATE INDEX llmops_carried_newest ON llmops_carried (target, procedure, test, weight, started DESC);
CREATE INDEX llmops_sign_offs_newest ON llmops_sign_offs (target, procedure, at DESC);
COMMIT;
