"""``documents``: where they lie, that no secret is in them, and who is told."""


def test_documents_are_written_named_and_hold_no_secret(project, model):
    project.target(model.url, 'auth = { bearer = "MODEL_KEY" }\n')
    project.write(
        "test_it.py",
        """
        def test_it(documents):
            path = documents.write("daily-summary.md", "key s3cret-value")
            assert documents.read(path) == "key [redacted]"
            assert documents.write("daily-summary.md", "again") != path
        """,
    )
    run = project.run(environ={"MODEL_KEY": "s3cret-value"})
    assert run.status == 0, run.out
    documents = run.checks["test_it"]["documents"]
    folder = project.reports / "documents" / "here"
    assert [(project.reports / path).parent for path in documents] == [folder, folder]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.rpartition("/")[2] for path in documents)
    assert "written: reports/documents/here/ (2 documents)" in run.lines
    assert model.asked == []


def test_an_empty_document_fails_the_test(project, model):
    project.target(model.url)
    project.write(
        "test_it.py",
        """
        def test_it(documents):
            documents.read(documents.write("daily-summary.json", ""))
        """,
    )
    check = project.run().checks["test_it"]
    assert check["outcome"] == "failed"
    assert check["reason"].partition("\n")[0].endswith(".json is empty.")
    assert len(check["documents"]) == 1
