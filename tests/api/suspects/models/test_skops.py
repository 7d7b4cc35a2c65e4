"""scikit-learn estimators through skops. In this process, as the sandbox's task does it."""

import io
import json
import warnings
import zipfile

import numpy as np
import pytest
import skops.io
from scipy.special import softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from api.suspects.errors import ModelMalformed, ModelTooLarge, ModelUnfit, ModelUnsafe
from api.suspects.models import skops_model

OPTIONS = {"batch": 4, "output": None}


def _shout(values):
    return values


def test_an_estimator_answers_as_it_should(make):
    """Its probabilities, over probes flattened to features; the method is stated."""
    answers, facts = skops_model.run(make.models["skops"], make.probes.reshape(9, 2, 3), OPTIONS)
    np.testing.assert_allclose(answers, softmax(make.logits, axis=1), rtol=1e-5)
    assert facts["method"] == "predict_proba"
    assert facts["estimator"].endswith("LogisticRegression")


@pytest.mark.parametrize("method", ["predict_proba", "predict", "decision_function", "predict_log_proba"])
def test_the_method_may_be_chosen(make, method):
    """With --output."""
    answers, _ = skops_model.run(make.models["skops"], make.probes, {**OPTIONS, "output": method})
    np.testing.assert_allclose(answers, getattr(make.estimator(), method)(make.probes), rtol=1e-6)


def test_pipelines_are_run(make):
    """Whatever scikit-learn itself is made of, and skops trusts."""
    labels = make.logits.argmax(axis=1)
    for last in (MLPClassifier(3, max_iter=20, random_state=1), SVC(), GaussianNB()):
        with warnings.catch_warnings(action="ignore"):
            fitted = make_pipeline(StandardScaler(), last).fit(make.probes, labels)
        answers, _ = skops_model.run(skops.io.dumps(fitted), make.probes, OPTIONS)
        method = "predict_proba" if hasattr(fitted, "predict_proba") else "decision_function"
        np.testing.assert_allclose(answers, getattr(fitted, method)(make.probes))


def test_trees_are_refused_by_name(make):
    """skops trusts no tree: its nodes are indices that compiled code follows unchecked."""
    fitted = RandomForestClassifier(n_estimators=2, random_state=1).fit(make.probes, make.logits.argmax(axis=1))
    with pytest.raises(ModelUnsafe, match=r"sklearn\.tree\._tree\.Tree"):
        skops_model.run(skops.io.dumps(fitted), make.probes, OPTIONS)


def test_class_names_become_class_numbers(make):
    """Labels that are texts are numbered in the estimator's order."""
    fitted = GaussianNB().fit(make.probes, ["a", "b", "c"] * 3)
    answers, _ = skops_model.run(skops.io.dumps(fitted), make.probes, {**OPTIONS, "output": "predict"})
    assert [fitted.classes_[number] for number in answers] == fitted.predict(make.probes).tolist()


def test_untrusted_types_are_refused_by_name():
    """A function of somebody's own is listed."""
    with pytest.raises(ModelUnsafe, match=r"_shout.*answers"):
        skops_model.run(skops.io.dumps(make_pipeline(FunctionTransformer(_shout))), np.ones((2, 3)), OPTIONS)


@pytest.mark.parametrize("named", ["os.system", "builtins.eval", "subprocess.Popen"])
def test_a_schema_that_names_a_function_is_refused(named):
    """Whatever the file says that it is."""
    module, _, name = named.rpartition(".")
    schema = {"__class__": name, "__module__": module, "__loader__": "FunctionNode", "__id__": 1, "content": name,
              "protocol": 2, "_skops_version": "0.13"}  # fmt: skip
    with pytest.raises((ModelUnsafe, ModelMalformed)):
        skops_model.run(_archive(schema), np.ones((2, 3)), OPTIONS)


def _archive(schema, **entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", schema if isinstance(schema, bytes) else json.dumps(schema))
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("schema", [b"", b"{}", b"[]", b"{" * 9999, b"\xff\xfe", {"__loader__": "NoSuch"}])
def test_a_schema_without_sense_is_refused(schema):
    """Not JSON, not an object, an unknown loader."""
    with pytest.raises(ModelMalformed):
        skops_model.run(_archive(schema), np.ones((2, 3)), OPTIONS)


def test_a_bomb_is_refused_by_what_it_declares():
    """Gigabytes of zeros in a few kilobytes."""
    with pytest.raises(ModelTooLarge, match="unpacks"):
        skops_model.run(_archive({}, bomb=bytes(1 << 27)), np.ones((2, 3)), OPTIONS)


def test_an_estimator_that_does_not_fit_is_refused(make):
    """Another number of features, no such method, nothing that answers."""
    with pytest.raises(ModelUnfit, match="6 features"):
        skops_model.run(make.models["skops"], np.ones((2, 5)), OPTIONS)
    with pytest.raises(ModelUnfit, match="no 'transform'"):
        skops_model.run(make.models["skops"], make.probes, {**OPTIONS, "output": "transform"})
    with pytest.raises(ModelUnfit, match="answers no question"):
        skops_model.run(skops.io.dumps(StandardScaler().fit(make.probes)), make.probes, OPTIONS)
